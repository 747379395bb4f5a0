import type { KmsFault } from './faults.ts'
import type { Answer } from './http-endpoint.ts'
import { wireError } from './wire-error.ts'
import type { WireError } from './wire-error.ts'

/** The answer of a fault that keeps the call from being made. */
export function beforehand(fault: KmsFault['kind'] | undefined): WireError | Answer | undefined {
  const nothing = { status: 200, headers: {}, body: Buffer.alloc(0) }
  const html = { 'content-type': 'text/html' }
  switch (fault) {
    case 'throttle':
      return wireError(
        'ThrottlingException',
        'You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.',
      )
    case 'internal':
      return wireError('KMSInternalException', '', 500)
    case 'dependency-timeout':
      return wireError('DependencyTimeoutException', '', 500)
    case 'key-unavailable':
      return wireError('KeyUnavailableException', '', 500)
    case 'proxy-error':
      return { status: 503, headers: html, body: Buffer.from('<html><body>503 Service Unavailable</body></html>') }
    case 'garbage':
      return { status: 200, headers: html, body: Buffer.from('<html><body>Please log in.</body></html>') }
    case 'reset':
      return { ...nothing, end: 'cut' }
    case 'hang':
      return { ...nothing, end: 'never' }
    case 'lost-answer':
    case 'cut-answer':
    case 'wrong-signature':
    case undefined:
      return undefined
  }
}

/** An answer whose signature has one wrong bit. */
export function withWrongSignature(result: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { Signature: signature } = result
  if (typeof signature !== 'string') return result
  const bytes = Buffer.from(signature, 'base64')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  return { ...result, Signature: bytes.toString('base64') }
}
