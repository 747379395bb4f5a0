import type { AnchorGuarantees, AnchorReceipt, AuditAnchor, CallOptions, Checkpoint } from '@seamark/core'
import { hasCode, isSeamError, SeamError, sha256Hex, systemClock, throwIfAborted } from '@seamark/kit'
import { awsFailure } from '@seamark/kit/aws'
import { parseCheckpoint } from '@seamark/log'
import { awsPort } from './aws-port.ts'
import { lockCalls } from './calls.ts'
import { judge } from './judge.ts'
import type { S3LockAnchorOptions } from './options.ts'
import type { LockedObject, VersionFacts } from './port.ts'
import { receiptBody } from './receipt.ts'

const dayMs = 24 * 60 * 60 * 1000
// Between our date and the server's lie tries that were repeated, and two clocks.
const slackMs = 60 * 60 * 1000
// Beyond what a number holds exactly.
const largestSize = 9_999_999_999_999_999n

/** Why a place could not be looked at. Errors: `ABORTED`. */
function whyUnread(error: unknown): string {
  if (hasCode(error, 'ABORTED')) throw error
  if (hasCode(error, 'NOT_FOUND')) return 'no-such-bucket'
  if (hasCode(error, 'FORBIDDEN') || hasCode(error, 'UNAUTHENTICATED')) return 'access-denied'
  return isSeamError(error) && error.consequence === 'retry' ? 'unreachable' : 'unreadable'
}

/** An anchor under Object Lock. */
export interface S3LockAnchor extends AuditAnchor {
  ready(options?: CallOptions): Promise<void>
}

const guarantees: AnchorGuarantees = {
  // Proven on a server that enforces locks; AWS says so of its own, and a closed account takes its buckets along.
  beyondOperator: { value: true, proof: 'unproven' },
  time: { value: false, proof: 'tested' },
}

/**
 * Leaves each checkpoint as an object under Object Lock in COMPLIANCE mode, and reads it back by its version. The
 * earliest version of a key counts: what is put on top of it, and markers that hide it, change nothing.
 *
 * Besides the codes of `AuditAnchor`: `INVALID_INPUT` for a note that does not state its checkpoint, `UNSUPPORTED` for
 * a bucket that can not keep it, `FORBIDDEN` (the remedy has the line of the policy), `UNAUTHENTICATED`, `NOT_FOUND`
 * (no such bucket), `LIMIT_EXCEEDED` (throttled). Reasons of `check`: `gone` (the version), `not-found` (nothing is
 * under its key), `changed`, `not-locked`, `retention-shortened`, `not-earliest`, `other-checkpoint`, `bad-signature`,
 * `not-signed-by-trusted-key`, `key-compromised`, `malformed-receipt`; not checked: `other-anchor`, `no-such-bucket`,
 * `access-denied`, `unreachable`, `unreadable`, `retention-not-readable`, `retention-ended`, `no-trusted-key`,
 * `malformed-trust`. Findings: `earlier-copy`, `newer-version`, `delete-marker`, `legal-hold-removed`.
 */
export function s3LockAnchor(options: S3LockAnchorOptions): S3LockAnchor {
  const kind = 'aws.s3-object-lock'
  const name = options.name ?? 's3-lock'
  const { bucket, retentionDays, legalHold = false, everyMs } = options
  const clock = options.clock ?? systemClock
  if (!(Number.isInteger(retentionDays) && retentionDays >= 1 && retentionDays <= 36_500))
    throw new SeamError('INVALID_INPUT', `${retentionDays} is no number of days of retention.`, {
      remedy: 'Give 1 to 36,500 days.',
      place: { pointer: '/retentionDays' },
    })
  if (everyMs !== undefined && !(Number.isSafeInteger(everyMs) && everyMs >= 1_000))
    throw new SeamError('INVALID_INPUT', `A checkpoint every ${everyMs} ms can not be had.`, {
      remedy: 'Give whole milliseconds, 1,000 or more.',
      place: { pointer: '/everyMs' },
    })
  const calls = lockCalls(awsPort(options), options)
  const { port } = calls
  const leaving = ['s3:PutObject', 's3:PutObjectRetention', ...(legalHold ? ['s3:PutObjectLegalHold'] : [])]
  let isReady: Promise<void> | undefined

  const folderOf = (origin: string): string => `seamark/checkpoints/${sha256Hex(origin).slice(0, 32)}/`
  // The newest comes first in a listing, which has no other end.
  const keyOf = (origin: string, size: number): string =>
    `${folderOf(origin)}${String(largestSize - BigInt(size)).padStart(16, '0')}-${size}.note`

  async function lookAtBucket(): Promise<void> {
    const versioned = await calls.request({ doing: 'Asking for versions', action: 's3:GetBucketVersioning' }, () =>
      port.versioned(),
    )
    const lockable = await calls.request(
      { doing: 'Asking for locks', action: 's3:GetBucketObjectLockConfiguration' },
      () => port.lockable(),
    )
    if (versioned && lockable) return
    const missing = lockable ? 'does not keep versions' : 'has no Object Lock'
    throw new SeamError('UNSUPPORTED', `The bucket ${bucket} ${missing}: it can not keep a checkpoint.`, {
      remedy: 'Create a bucket with Object Lock (aws s3api create-bucket --object-lock-enabled-for-bucket).',
      place: { pointer: '/bucket' },
    })
  }

  async function ready(signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal)
    // Shared by all who wait: one's abort must not end it for the others.
    isReady ??= lookAtBucket().catch((error: unknown) => {
      isReady = undefined
      throw error
    })
    await isReady
    throwIfAborted(signal)
  }

  /** All of a key, the newest first. Other keys that begin with it come later. */
  async function listed(key: string, signal: AbortSignal | undefined): Promise<readonly VersionFacts[]> {
    const found: VersionFacts[] = []
    for await (const version of port.versions(key, signal)) {
      if (version.key !== key) break
      found.push(version)
    }
    return found
  }

  const versionsOf = (key: string, signal: AbortSignal | undefined): Promise<readonly VersionFacts[]> =>
    calls.request({ doing: `Listing ${key}`, action: 's3:ListBucketVersions', signal }, () => listed(key, signal))

  /** The earliest version of the first key that has one: a marker of a key that was never written hides nothing. */
  async function newestIn(folder: string, signal: AbortSignal | undefined): Promise<VersionFacts | undefined> {
    let found: VersionFacts | undefined
    for await (const version of port.versions(folder, signal)) {
      if (found !== undefined && found.key !== version.key) break
      if (!version.marker) found = version
    }
    return found
  }

  const earliest = (versions: readonly VersionFacts[]): VersionFacts | undefined =>
    versions.findLast(({ marker }) => !marker)

  async function readVersion(
    { key, versionId }: Pick<VersionFacts, 'key' | 'versionId'>,
    signal: AbortSignal | undefined,
  ): Promise<LockedObject | undefined> {
    const action = 's3:GetObjectVersion'
    return calls.request<LockedObject | undefined>({ doing: `Reading ${key}`, action, signal }, () =>
      port.get(key, versionId, signal).catch((error: unknown) => {
        const { code } = awsFailure(error)
        if (code === 'NoSuchVersion' || code === 'NoSuchKey') return undefined
        throw error
      }),
    )
  }

  async function leave(checkpoint: Checkpoint, signal: AbortSignal | undefined): Promise<AnchorReceipt> {
    const { origin, size, root, note } = checkpoint
    const stated = parseCheckpoint(note)
    if (stated.origin !== origin || stated.size !== size || stated.root !== root)
      throw new SeamError('INVALID_INPUT', `The note of the checkpoint of ${origin} at ${size} states another one.`)
    await ready(signal)
    const key = keyOf(origin, size)
    const at = clock.now()
    if (earliest(await versionsOf(key, signal)) === undefined) {
      const object = { bytes: new TextEncoder().encode(note), retainUntil: at + retentionDays * dayMs, legalHold }
      let tried = false
      await calls.request({ doing: `Leaving ${key}`, action: leaving, signal }, async () => {
        // A try whose answer was lost may have left it; one that comes late adds a version of the same bytes.
        if (tried && earliest(await listed(key, signal)) !== undefined) return
        tried = true
        await port.putLocked(key, object, signal)
      })
    }
    // Whoever was first: what counts is read back.
    const first = earliest(await versionsOf(key, signal))
    const there = first && (await readVersion(first, signal))
    if (first === undefined || there === undefined)
      throw new SeamError('UNAVAILABLE', `${key} in bucket ${bucket} can not be seen yet.`)
    const text = new TextDecoder().decode(there.bytes)
    const head = headOf(text, key)
    if (head === undefined)
      throw new SeamError('INTEGRITY', `What is under ${key} in bucket ${bucket} is no checkpoint of ${origin}.`, {
        remedy: 'Find out who wrote that version, and who may.',
      })
    if (head.root !== root)
      throw new SeamError(
        'INTEGRITY',
        `${origin} has two histories: two heads of size ${size}, one of them in ${key}.`,
        {
          remedy: 'Stop the service and keep both; `seamark verify` with each tells which records differ.',
        },
      )
    const held = isShort(there) ? await extended(first, at + retentionDays * dayMs, signal) : there
    if (held.mode !== 'COMPLIANCE' || held.retainUntil === undefined || held.retainUntil <= at || isShort(held))
      throw new SeamError(
        'UNSUPPORTED',
        `${key} in bucket ${bucket} is not under a lock in COMPLIANCE mode that lasts ${retentionDays} days.`,
        { remedy: 'Allow s3:GetObjectRetention, and find out who wrote that version.' },
      )
    const { retainUntil } = held
    const body = { bucket, key, versionId: first.versionId, sha256: sha256Hex(there.bytes), retainUntil }
    return { v: 1, kind, name, origin, size, root, at, body: { ...body, legalHold: held.legalHold } }
  }

  /** Whether a version was put under a lock that ends sooner than one of ours: then another was there first. */
  function isShort({ mode, retainUntil, storedAt }: LockedObject): boolean {
    if (mode !== 'COMPLIANCE' || retainUntil === undefined) return false
    return retainUntil < (storedAt ?? clock.now()) + retentionDays * dayMs - slackMs
  }

  /** The version under a lock that lasts until a date, as read back. A lock in COMPLIANCE mode can be made longer. */
  async function extended(
    version: VersionFacts,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<LockedObject> {
    const { key, versionId } = version
    await calls.request({ doing: `Extending the lock of ${key}`, action: 's3:PutObjectRetention', signal }, () =>
      port.extend(key, versionId, until, signal),
    )
    const there = await readVersion(version, signal)
    if (there !== undefined) return there
    throw new SeamError('UNAVAILABLE', `${key} in bucket ${bucket} can not be seen any more.`)
  }

  function headOf(note: string, key: string): Checkpoint | undefined {
    try {
      const head = parseCheckpoint(note)
      return keyOf(head.origin, head.size) === key ? head : undefined
    } catch (error) {
      if (isSeamError(error)) return undefined
      throw error
    }
  }

  return {
    spec: 'anchor/v1',
    kind,
    name,
    guarantees,
    ...(everyMs !== undefined && { everyMs }),
    ready: ({ signal } = {}) => ready(signal),
    anchor: (checkpoint, { signal } = {}) => leave(checkpoint, signal),

    async check(receipt, trust, { signal } = {}) {
      throwIfAborted(signal)
      const body = receiptBody(receipt)
      if (receipt.kind !== kind || receipt.name !== name) return { status: 'not-checked', reason: 'other-anchor' }
      if (body === undefined || !Number.isSafeInteger(receipt.size) || body.key !== keyOf(receipt.origin, receipt.size))
        return { status: 'fail', reason: 'malformed-receipt' }
      if (body.bucket !== bucket) return { status: 'not-checked', reason: 'other-anchor' }
      try {
        const [object, versions] = await Promise.all([readVersion(body, signal), versionsOf(body.key, signal)])
        const first = earliest(versions)
        const firstObject =
          first === undefined || first.versionId === body.versionId ? object : await readVersion(first, signal)
        return judge(receipt, body, { object, versions, first: firstObject }, trust, clock.now())
      } catch (error) {
        // Data, never an exception: what can not be read was not checked.
        return { status: 'not-checked', reason: whyUnread(error) }
      }
    },

    async latest(origin, { signal } = {}) {
      await ready(signal)
      const folder = folderOf(origin)
      const first = await calls.request({ doing: `Listing ${folder}`, action: 's3:ListBucketVersions', signal }, () =>
        newestIn(folder, signal),
      )
      if (first === undefined) return undefined
      const there = await readVersion(first, signal)
      const checkpoint = there && headOf(new TextDecoder().decode(there.bytes), first.key)
      if (checkpoint?.origin === origin) return checkpoint
      throw new SeamError('INTEGRITY', `The anchored checkpoint ${first.key} is not what was left there.`, {
        remedy: 'Find out who put it there; compare it with the other anchors and with receipts.',
      })
    },
  }
}
