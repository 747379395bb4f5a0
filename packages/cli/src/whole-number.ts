import { SeamError } from '@seamark/kit'

/** A whole number from 1 to `most` that an option was given. Errors: `INVALID_INPUT`. */
export function wholeNumber(option: string, text: string, most = 999_999_999): number {
  const number = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.NaN
  if (number <= most) return number
  throw new SeamError('INVALID_INPUT', `${option} must be a whole number from 1 to ${most}.`)
}
