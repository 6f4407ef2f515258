/** Worked out when it is asked for, and then kept. */
export function once<Value>(workOut: () => Value): () => Value {
  let kept: { readonly value: Value } | undefined;
  return () => (kept ??= { value: workOut() }).value;
}
