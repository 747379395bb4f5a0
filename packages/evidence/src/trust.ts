import type { KeyRole, TrustedKey, TrustFile } from '@seamark/core'
import { SeamError, isSeamError } from '@seamark/kit'
import { fromBase64, ORIGIN, parseVerifierKey, requireSoundKey, toHex } from '@seamark/log'
import { z } from 'zod'

const instant = z.iso.datetime({ offset: true })
const role: z.ZodType<KeyRole> = z.literal(['log', 'attestation', 'dispatch', 'export', 'witness'])

const keySchema = z
  .strictObject({
    origin: z.string().regex(ORIGIN, 'an origin is <host>/<32 hex characters>'),
    role,
    key: z.string().min(1),
    validFrom: instant.exactOptional(),
    validUntil: instant.exactOptional(),
    compromisedSince: instant.exactOptional(),
  })
  .superRefine((key, context) => {
    const problem = keyProblem(key)
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['key'], message: problem })
  })

const trustSchema: z.ZodType<TrustFile> = z
  .strictObject({
    version: z.literal(1),
    keys: z.array(keySchema),
    witnesses: z.array(z.strictObject({ name: z.string().min(1), key: z.string().min(1), owner: z.string().min(1) })),
    tsaRoots: z.array(z.string()),
    required: z.array(z.string().min(1)),
  })
  .superRefine(({ keys }, context) => {
    const roles = new Map<string, string>()
    keys.forEach((key, i) => {
      const raw = rawKey(key)
      if (raw === undefined) return
      const use = roles.get(raw)
      if (use !== undefined && use !== key.role)
        context.addIssue({ code: 'custom', path: ['keys', i, 'key'], message: `the key has role ${use} too` })
      roles.set(raw, key.role)
    })
  })

/**
 * A trust file, version 1, from parsed JSON. One key has one role.
 * Errors: `INVALID_INPUT` naming every problem and its place.
 */
export function parseTrust(value: unknown): TrustFile {
  const result = trustSchema.safeParse(value)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => ({
    code: 'INVALID_INPUT' as const,
    message: issue.message,
    place: { pointer: issue.path.map((part) => '/' + String(part)).join('') },
  }))
  throw new SeamError('INVALID_INPUT', `The trust file is not valid: ${problems[0]?.message ?? ''}.`, { problems })
}

/** Raw 32 bytes of a key for `export`. Errors: `INVALID_INPUT`. */
export function parseExportKey(text: string): Uint8Array {
  const key = fromBase64(text)
  requireSoundKey(key)
  return key
}

function keyProblem(key: Pick<TrustedKey, 'origin' | 'role' | 'key'>): string | undefined {
  try {
    if (key.role === 'export') parseExportKey(key.key)
    if (key.role === 'log' && parseVerifierKey(key.key).name !== key.origin) return 'the key’s name is not the origin'
    if (key.role === 'witness') parseVerifierKey(key.key)
    return undefined
  } catch (error) {
    if (isSeamError(error)) return error.message
    throw error
  }
}

function rawKey({ role: use, key }: Pick<TrustedKey, 'role' | 'key'>): string | undefined {
  try {
    return toHex(use === 'log' || use === 'witness' ? parseVerifierKey(key).key : fromBase64(key))
  } catch {
    // A key that can not be read has been reported at its own place.
    return undefined
  }
}
