import type { Fault } from './fault.ts'
import { isTooDeep, isWellFormed } from './json.ts'

/** A body as it was received, at most `MODEL_SERVER_LIMITS.bodyBytes` of it. */
export interface ReceivedBody {
  readonly bytes: Uint8Array
  /** There was more than is read. */
  readonly tooLarge: boolean
}

/** The value of a body, or what is wrong with it. */
export function readBody({ bytes, tooLarge }: ReceivedBody): { readonly value: unknown } | { readonly fault: Fault } {
  if (tooLarge) return { fault: { check: 'size', status: 413, message: 'Request exceeds the maximum size' } }
  const bad = (message: string): { readonly fault: Fault } => ({ fault: { check: 'json', status: 400, message } })
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (isTooDeep(value)) return bad('The request body is nested too deep.')
    return isWellFormed(value) ? { value } : bad('The request body is not valid JSON: half of a surrogate pair')
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return bad('The request body is not valid JSON')
    throw error
  }
}
