import { BOMBS } from './bombs.ts'
import { SEEN } from './probe-executor.ts'
import { SURVIVES } from './survive.ts'
import type { ProbeKind } from './targets.ts'
import { TRIES } from './tries.ts'
import { WAY_TRIES } from './try-way-out.ts'
import { ARRIVED } from './way-out.ts'

const listed = (kinds: Readonly<Record<string, ProbeKind>>) =>
  Object.entries(kinds).map(([id, { about, advisories = [] }]) => ({ id, about, advisories }))

/** Every probe, in the order in which a report has them: what must not work, and public advisories of holes that were of its kind. */
export const PROBES: readonly (Required<ProbeKind> & { readonly id: string })[] = [
  ...listed(TRIES),
  ...listed(SEEN),
  ...listed(WAY_TRIES),
  ...[ARRIVED, SURVIVES, ...BOMBS].map(({ id, about }) => ({ id, about, advisories: [] })),
]
