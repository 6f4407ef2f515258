// The sentences of the verdict and the words of a mail app's form; English, as long as there is no other.
import texts from "../languages/en/account.json" with { type: "json" };

export const { verdict: verdictTexts, form: formTexts } = texts;
