import type { AuditAnchor, Journal } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { anchoredHeads, requireSameHistory } from './anchored.ts'
import { originOf } from './keys.ts'

export interface RollbackParts {
  readonly ns: string
  readonly journal: Journal
  readonly anchors: readonly AuditAnchor[]
}

/**
 * Looks whether the journal still has all that its anchors were given: one that was restored from a backup has not, and
 * an engine on it would sign a second history. Only under the lease, so that nobody else makes it longer meanwhile.
 * A log that is not opened yet has nothing to compare. An anchor that is away is a notice.
 *
 * Errors: `INTEGRITY` at the anchor's place, for a head that is ahead of the journal or of another history; those of
 * `latest` that no waiting ends.
 */
export async function refuseRollback(
  { ns, journal, anchors }: RollbackParts,
  onNotice: (error: Error) => void,
): Promise<void> {
  const { size } = await journal.head(ns)
  if (size === 0 || anchors.length === 0) return
  const origin = await originOf({ ns, journal }, {})
  const heads = await anchoredHeads(anchors, origin, { onNotice })
  for (const anchored of heads) {
    const { place, anchor, head } = anchored
    if (head.size > size)
      throw new SeamError(
        'INTEGRITY',
        `Anchor ${anchor.name} has a head of ${head.size} records of ${origin}, and the journal has ${size}: records are gone.`,
        {
          remedy:
            'Restore the journal as it was last; or, where that head is not from this service, find out who left it.',
          place,
        },
      )
    await requireSameHistory({ ns, journal }, anchored)
  }
}
