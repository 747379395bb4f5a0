/** A value, or what is wrong with what was written and what to write. Neither text repeats what was written. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string; readonly remedy: string }

export function wrong(message: string, remedy: string): Checked<never> {
  return { ok: false, message, remedy }
}
