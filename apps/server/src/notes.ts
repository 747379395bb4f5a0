import type {
  AuditAnchor,
  Authorizer,
  Executor,
  RuntimeAdapter,
  SecretStore,
  Signer,
  StorageProvider,
  Workspaces,
} from '@seamark/core'
import { seamView } from '@seamark/config'
import type { JournalStore, SeamarkConfig } from '@seamark/config'
import type { ServiceNote } from '@seamark/cli'
import type { SeamView } from '@seamark/protocol'
import type { PlanNames } from './plan-names.ts'

export interface Parts {
  readonly journal: JournalStore
  readonly storage: StorageProvider
  readonly executors: readonly Executor[]
  readonly runtimes: readonly RuntimeAdapter[]
  readonly authorizer: Authorizer
  readonly anchors: readonly AuditAnchor[]
  readonly signers: { readonly log: Signer; readonly export: Signer }
  readonly workspaces: Workspaces
  readonly secrets: SecretStore
}

/** The table of seams, as they say it now. */
export function seamTable(parts: Parts, config: SeamarkConfig): readonly SeamView[] {
  return [
    seamView('journal', parts.journal.journal, config.journal === undefined),
    seamView('storage', parts.storage, config.storage === undefined),
    ...parts.executors.map((part) => seamView('executors', part, config.executors === undefined)),
    ...parts.runtimes.map((part) => seamView('runtimes', part, config.runtimes === undefined)),
    seamView('workspaces', parts.workspaces, config.workspaces === undefined),
    seamView('signer', parts.signers.log, config.signer === undefined),
    seamView('exportSigner', parts.signers.export, config.exportSigner === undefined),
    ...parts.anchors.map((part) => seamView('anchors', part, config.anchors === undefined)),
    seamView('authorizer', parts.authorizer, config.authorizer === undefined),
    seamView('secrets', parts.secrets, config.secrets === undefined),
  ]
}

/** What people should know before they rely on a deployment. */
export async function notesOf(
  parts: Parts,
  config: SeamarkConfig,
  { dataDir, names, otherKey }: { readonly dataDir: string; readonly names: PlanNames; readonly otherKey: boolean },
): Promise<readonly ServiceNote[]> {
  const defaults = seamTable(parts, config)
    .filter(({ isDefault }) => isDefault)
    .map(({ seam, name }) => `${seam} ${name}`)
  const notes: ServiceNote[] = []
  if (defaults.length > 0)
    notes.push({ level: 'info', text: `Defaults, all under ${dataDir}: ${defaults.join(', ')}.` })
  if (parts.anchors.every(({ guarantees }) => !guarantees.beyondOperator.value))
    notes.push({
      level: 'info',
      text: 'No anchor outside this machine: whoever has the log key could rewrite all of the log.',
    })
  if (otherKey)
    notes.push({
      level: 'warn',
      text: `The newest checkpoint of this log was not signed by signer ${parts.signers.log.name}: whoever verifies needs both keys. Services that stand in for each other need the same one.`,
    })
  for (const { name, guarantees } of parts.executors)
    if (guarantees.isolation.value === 'none')
      notes.push({
        level: 'info',
        text: `Executor ${name} isolates nothing: an item that names it has this user's files, network and rights.`,
      })
  for (const [name, { message, remedy = '' }] of await names.unavailable())
    notes.push({
      level: 'warn',
      text: `Executor ${name} can not be used: ${message} ${remedy} Items may name \`process\`, which isolates nothing.`,
    })
  return notes
}
