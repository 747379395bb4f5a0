import { createHash } from 'node:crypto'

/** The signature of a block of thinking, by which the server knows it again. It proves nothing to anybody else. */
export function signatureOf(thinking: string): string {
  return createHash('sha256').update(`seamark.testing-model/thinking\n${thinking}`).digest('base64')
}
