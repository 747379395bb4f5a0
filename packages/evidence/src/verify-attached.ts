import type { AnchorReceipt, Checkpoint } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { commitPayload, fromBase64, parseCanonical } from '@seamark/log'
import { z } from 'zod'
import { BUNDLE_LIMITS } from './bundle.ts'
import type { CheckList } from './checks.ts'
import { lines, type Sink } from './sinks.ts'

const payloadLine = z.strictObject({ bytes: z.string(), salt: z.string(), seq: z.int().min(0) })

const receiptSchema: z.ZodType<AnchorReceipt> = z.strictObject({
  v: z.literal(1),
  kind: z.string().min(1),
  name: z.string().min(1),
  origin: z.string(),
  size: z.int().min(0),
  root: z.string(),
  at: z.int().min(0),
  body: z.json(),
})

/** Reads `payloads.jsonl`: `{ bytes, salt, seq }` in base64, ascending, each against its commitment. */
export function payloadsSink(
  checks: CheckList,
  commitments: ReadonlyMap<number, { readonly hmac: string; readonly size: number }>,
): Sink {
  const id = 'payloads.commitment'
  let last = -1
  return lines(BUNDLE_LIMITS.payloadLineBytes, {
    line(bytes) {
      try {
        const { seq, ...rest } = payloadLine.parse(parseCanonical(bytes))
        const commitment = commitments.get(seq)
        if (seq <= last) checks.fail(id, 'order', `payload ${seq}`)
        if (commitment === undefined) checks.fail(id, 'unknown-payload', `payload ${seq}`)
        else if (!commits(commitment, fromBase64(rest.salt), fromBase64(rest.bytes)))
          checks.fail(id, 'commitment-mismatch', `payload ${seq}`)
        last = seq
        return true
      } catch (error) {
        if (!isSeamError(error) && !(error instanceof z.ZodError)) throw error
        checks.fail(id, 'not-canonical')
        return false
      }
    },
    tooLong: () => checks.fail(id, 'payload-too-large'),
    end(whole) {
      if (whole) checks.pass(id)
      else checks.fail(id, 'not-canonical')
    },
  })
}

function commits(
  { hmac, size }: { readonly hmac: string; readonly size: number },
  salt: Uint8Array,
  bytes: Uint8Array,
): boolean {
  return salt.length === 32 && bytes.length === size && commitPayload(salt, bytes) === hmac
}

/**
 * Checks that a receipt is for the checkpoint of the bundle, and gives it back where it is. What the receipt proves is
 * for its anchor to say.
 */
export function checkReceipt(
  checks: CheckList,
  path: string,
  bytes: Uint8Array,
  checkpoint: Checkpoint | undefined,
): AnchorReceipt | undefined {
  const id = 'receipts.checkpoint'
  try {
    const receipt = receiptSchema.parse(parseCanonical(bytes))
    const same =
      receipt.origin === checkpoint?.origin && receipt.size === checkpoint.size && receipt.root === checkpoint.root
    if (!same) checks.fail(id, 'other-checkpoint', path)
    else checks.pass(id)
    return same ? receipt : undefined
  } catch (error) {
    if (!isSeamError(error) && !(error instanceof z.ZodError)) throw error
    checks.fail(id, 'not-canonical', path)
    return undefined
  }
}
