// What `--model` and the MODEL argument may name: the default model, a path or an http(s) URL.

export function modelSource(text: string): string | URL {
  return /^https?:\/\//.test(text) ? new URL(text) : text;
}
