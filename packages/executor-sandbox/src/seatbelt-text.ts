import { SeamError } from '@seamark/kit'

/** Control characters and separators of lines, for which no escape of the profile language is documented. */
const unsayable = /[\p{Cc}\p{Zl}\p{Zp}]/u

/** Whether a text can stand in a Seatbelt profile: well-formed, and without control characters. Pure. */
export function canBeSaid(text: string): boolean {
  return text.isWellFormed() && !unsayable.test(text)
}

/**
 * A text as a string literal of the Seatbelt profile language, a Scheme: quotes and backslashes are escaped, all else stands
 * for itself. Pure. Errors: `INVALID_INPUT` for what can not be said.
 */
export function quoted(text: string): string {
  if (!canBeSaid(text))
    throw new SeamError('INVALID_INPUT', `A Seatbelt profile can not name ${JSON.stringify(text)}.`, {
      remedy: 'Use paths without control characters.',
    })
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
