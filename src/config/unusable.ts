// The config names something that is of no use, and that only its use can show: a module that does not load.

/** The server cannot start until the config, or what it names, is mended. The message says what, where, and what to do. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}
