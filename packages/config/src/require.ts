import type {
  AuditAnchor,
  Claim,
  Executor,
  Isolation,
  Journal,
  Problem,
  Proof,
  Seam,
  Signer,
  StorageProvider,
} from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Requirements } from './config.ts'

/** Parts that requirements speak of. Those that are not known yet are left out and not judged. */
export interface RequiredParts {
  readonly executors?: readonly Executor[]
  readonly anchors?: readonly AuditAnchor[]
  readonly signer?: Signer
  readonly exportSigner?: Signer
  readonly storage?: StorageProvider
  readonly journal?: Journal
}

const isolations: readonly Isolation[] = ['none', 'namespace', 'container', 'vm']
const proofs: readonly Proof[] = ['unproven', 'tested', 'probed']
const networks: readonly string[] = ['none', 'gateway', 'host']

const isProven = (claim: Claim<unknown>, least: Proof): boolean => proofs.indexOf(claim.proof) >= proofs.indexOf(least)

function executorShortfalls(
  required: NonNullable<Requirements['executor']>,
  executor: Executor,
  at: number,
): Problem[] {
  const { isolation, network, tree } = executor.guarantees
  const least = required.proof ?? 'unproven'
  const problems: Problem[] = []
  const judge = (what: string, wanted: string | undefined, claim: Claim<string>, enough: boolean) => {
    if (wanted === undefined) return
    if (enough && isProven(claim, least)) return
    problems.push({
      code: 'UNSUPPORTED',
      message: `Executor "${executor.name}" has ${what} ${claim.value} (${claim.proof}); required is ${wanted} (${least}).`,
      remedy:
        enough && least === 'probed'
          ? `Probe it: \`seamark doctor --probe ${executor.name}\`.`
          : 'Take it out of executors, or lower require.executor.',
      place: { pointer: `/executors/${at}` },
    })
  }
  judge(
    'isolation',
    required.isolation,
    isolation,
    isolations.indexOf(isolation.value) >= isolations.indexOf(required.isolation ?? 'none'),
  )
  judge(
    'network',
    required.network,
    network,
    networks.indexOf(network.value) <= networks.indexOf(required.network ?? 'host'),
  )
  judge('process tree', required.tree, tree, tree.value === 'proven')
  return problems
}

/** The promises that are wanted and not kept, each as it stands. */
function broken<Wanted extends object>(
  wanted: Wanted,
  least: Proof,
  guarantees: Readonly<Record<keyof Wanted, Claim<boolean>>>,
): readonly string[] {
  const found: string[] = []
  for (const name in wanted) {
    const claim = guarantees[name]
    if (!claim.value || !isProven(claim, least)) found.push(`${name} ${claim.value} (${claim.proof})`)
  }
  return found
}

function keptShortfalls<Wanted extends object>(
  { proof: least = 'unproven', ...wanted }: Wanted & { readonly proof?: Proof },
  part: Seam<string, Readonly<Record<Exclude<keyof Wanted, 'proof'>, Claim<boolean>>>>,
  field: string,
): Problem[] {
  return broken(wanted, least, part.guarantees).map((found) => ({
    code: 'UNSUPPORTED',
    message: `"${part.name}" has ${found}; required is true (${least}).`,
    remedy: `Use a ${field} that keeps it, or lower what is required.`,
    place: { pointer: `/${field}` },
  }))
}

function anchorShortfalls(
  { count, proof = 'unproven', ...wanted }: Extract<Requirements['anchors'], object>,
  anchors: readonly AuditAnchor[],
): Problem[] {
  const have = anchors.filter(({ guarantees }) => broken(wanted, proof, guarantees).length === 0).length
  if (have >= count) return []
  const names = Object.keys(wanted)
  const which = names.length === 0 ? '' : ` with ${names.join(', ')} (${proof})`
  const message = `There are ${have} anchors${which}; required are ${count}.`
  return [{ code: 'UNSUPPORTED', message, remedy: 'Add one to anchors.', place: { pointer: '/anchors' } }]
}

/** Compares what is required with what is guaranteed: every shortfall, each with its place. */
export function shortfalls(required: Requirements | undefined, parts: RequiredParts): readonly Problem[] {
  if (required === undefined) return []
  const { executor, storage, journal, signer, exportSigner, anchors } = required
  const problems: Problem[] = []
  if (executor !== undefined)
    for (const [at, given] of (parts.executors ?? []).entries())
      problems.push(...executorShortfalls(executor, given, at))
  if (storage !== undefined && parts.storage !== undefined)
    problems.push(...keptShortfalls(storage, parts.storage, 'storage'))
  if (journal !== undefined && parts.journal !== undefined)
    problems.push(...keptShortfalls(journal, parts.journal, 'journal'))
  if (signer !== undefined && parts.signer !== undefined)
    problems.push(...keptShortfalls(signer, parts.signer, 'signer'))
  if (exportSigner !== undefined && parts.exportSigner !== undefined)
    problems.push(...keptShortfalls(exportSigner, parts.exportSigner, 'exportSigner'))
  if (anchors !== undefined && parts.anchors !== undefined)
    problems.push(...anchorShortfalls(typeof anchors === 'number' ? { count: anchors } : anchors, parts.anchors))
  return problems
}

/** Throws `UNSUPPORTED` with every shortfall. Called with all parts, defaults too, before anything starts. */
export function checkRequirements(required: Requirements | undefined, parts: RequiredParts): void {
  const problems = shortfalls(required, parts)
  if (problems.length > 0)
    throw new SeamError('UNSUPPORTED', 'This deployment does not have what its configuration requires.', { problems })
}
