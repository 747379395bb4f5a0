import { sha256Hex } from '@seamark/kit'
import type { Calls } from './calls.ts'
import { isEncryptedAs, notEncrypted } from './encryption.ts'
import type { S3Encryption, Written } from './port.ts'
import { endUpload } from './upload.ts'

/** The one object that is not a caller's. No key of the contract has `@`. */
const PROBE_KEY = '@seamark/probe'

/** What was found out of a server by trying. */
export interface Probed {
  /** A put of one request decides between writers. */
  readonly conditionalPut: boolean
  /** And so does the end of an upload in parts. */
  readonly conditionalUpload: boolean
}

/**
 * Writes an object of its own, with the encryption that is asked for, and tries to write it again on condition that it
 * is not there. Errors: `UNSUPPORTED` where the server does not encrypt as asked, otherwise those of `put`.
 */
export async function probe(
  calls: Calls,
  encryption: S3Encryption | undefined,
  signal: AbortSignal | undefined,
): Promise<Probed> {
  const { port, request } = calls
  const bytes = new TextEncoder().encode('seamark')
  const body = { bytes, sha256: sha256Hex(bytes) }
  const asking = { act: 'write', key: PROBE_KEY, signal } as const

  const first = await request<Written>({
    ...asking,
    send: (sending) => port.put(PROBE_KEY, body, { metadata: {}, ifAbsent: false }, sending),
  })
  if (!isEncryptedAs(encryption, first.encryption)) throw notEncrypted(PROBE_KEY, encryption, first.encryption)

  const conditionalPut = await request<boolean>({
    ...asking,
    send: async (sending) => {
      await port.put(PROBE_KEY, body, { metadata: {}, ifAbsent: true }, sending)
      return false
    },
    outcome: ({ code, status }) => refusal(code, status),
  })
  const upload = await request({ ...asking, send: (sending) => port.beginUpload(PROBE_KEY, {}, sending) })
  const part = await request({ ...asking, send: (sending) => port.uploadPart(PROBE_KEY, upload, 1, body, sending) })
  const conditionalUpload = await request<boolean>({
    ...asking,
    send: async (sending) => {
      await port.completeUpload(PROBE_KEY, upload, [part], true, sending)
      return false
    },
    outcome: ({ code, status }) => refusal(code, status),
  })
  if (conditionalUpload) await endUpload(calls, PROBE_KEY, upload, signal)
  return { conditionalPut, conditionalUpload }
}

/** Whether the condition was what stopped it. A server that does not know the condition may also say so. */
function refusal(code: string, status: number | undefined): boolean | undefined {
  if (code === 'PreconditionFailed' || status === 412) return true
  // Without the upload, an earlier try whose answer was lost has completed it.
  return code === 'NoSuchUpload' || code === 'NotImplemented' || status === 501 ? false : undefined
}
