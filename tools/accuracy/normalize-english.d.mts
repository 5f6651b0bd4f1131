// Types of normalize-english.mjs, for the tests.
export function normalizeEnglish(text: string): string;
export function normalizedWords(text: string): string[];
