import type { AuditAnchor, Claim, Executor, Isolation, Problem, Proof, Signer } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Requirements } from './config.ts'

/** Parts that requirements speak of. Those that are not known yet are left out and not judged. */
export interface RequiredParts {
  readonly executors?: readonly Executor[]
  readonly anchors?: readonly AuditAnchor[]
  readonly signers?: readonly Signer[]
}

const isolations: readonly Isolation[] = ['none', 'namespace', 'container', 'vm']
const proofs: readonly Proof[] = ['unproven', 'tested', 'probed']
const networks: readonly string[] = ['none', 'gateway', 'host']

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
    const proven = proofs.indexOf(claim.proof) >= proofs.indexOf(least)
    if (enough && proven) return
    problems.push({
      code: 'UNSUPPORTED',
      message: `Executor "${executor.name}" has ${what} ${claim.value} (${claim.proof}); required is ${wanted} (${least}).`,
      remedy: 'Take it out of executors, or lower require.executor.',
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

/** Compares what is required with what is guaranteed: every shortfall, each with its place. */
export function shortfalls(required: Requirements | undefined, parts: RequiredParts): readonly Problem[] {
  if (required === undefined) return []
  const problems: Problem[] = []
  const { executor, anchors = 0, anchorsBeyondOperator = 0, signer } = required
  if (executor !== undefined)
    for (const [at, given] of (parts.executors ?? []).entries())
      problems.push(...executorShortfalls(executor, given, at))
  const count = (what: string, wanted: number, have: number) => {
    if (have < wanted)
      problems.push({
        code: 'UNSUPPORTED',
        message: `There are ${have} ${what}; required are ${wanted}.`,
        remedy: 'Add one to anchors.',
        place: { pointer: '/anchors' },
      })
  }
  if (parts.anchors !== undefined) {
    count('anchors', anchors, parts.anchors.length)
    const beyond = parts.anchors.filter(({ guarantees }) => guarantees.beyondOperator.value)
    count('anchors beyond the reach of the operator', anchorsBeyondOperator, beyond.length)
  }
  for (const { name, role, guarantees } of parts.signers ?? [])
    if (signer?.keyConfined === true && !guarantees.keyConfined.value)
      problems.push({
        code: 'UNSUPPORTED',
        message: `The key of signer "${name}" can be read by the service; required is one that can not.`,
        remedy: 'Use a signer that keeps its key to itself.',
        place: { pointer: role === 'export' ? '/exportSigner' : '/signer' },
      })
  return problems
}

/** Throws `UNSUPPORTED` with every shortfall. Called with all parts, defaults too, before anything starts. */
export function checkRequirements(required: Requirements | undefined, parts: RequiredParts): void {
  const problems = shortfalls(required, parts)
  if (problems.length > 0)
    throw new SeamError('UNSUPPORTED', 'This deployment does not have what its configuration requires.', { problems })
}
