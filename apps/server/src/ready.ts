import type { AuditAnchor, CallOptions, Journal, Problem, Signer, StorageProvider } from '@seamark/core'
import { orAbort, SeamError, toSeamError } from '@seamark/kit'

export interface ReadyParts {
  readonly journal: Journal
  readonly storage: StorageProvider
  readonly anchors: readonly AuditAnchor[]
}

/** A part that has to find out what the place it stands on gives. */
export interface Readiness {
  /** JSON pointer into the configuration. */
  readonly pointer: string
  readonly name: string
  readonly ready: (options: CallOptions) => Promise<void>
}

// Whatever a part tries meanwhile, a start that takes longer is worse than a notice.
const patienceMs = 20_000

/** The parts that have something to find out. */
export function readinessOf({ journal, storage, anchors }: ReadyParts): readonly Readiness[] {
  const parts = [
    { pointer: '/journal', part: journal },
    { pointer: '/storage', part: storage },
    ...anchors.map((part, at) => ({ pointer: `/anchors/${at}`, part })),
  ]
  return parts.flatMap(({ pointer, part }) =>
    part.ready === undefined
      ? []
      : [{ pointer, name: part.name, ready: async (options: CallOptions) => part.ready?.(options) }],
  )
}

/** A signer is ready where it has its key. One that makes its own makes it now. */
function signerReadiness(pointer: string, signer: Signer): Readiness {
  return { pointer, name: signer.name, ready: async (options) => void (await signer.publicKey(options)) }
}

/**
 * Asks all of them, at the same time. What will never work is thrown, every problem with its place and the code of the
 * first; what may come back is a notice, since it is waited for later as well.
 */
export async function requireReady(
  parts: ReadyParts & { readonly signer: Signer; readonly exportSigner: Signer },
  onNotice: (error: Error) => void,
): Promise<void> {
  const signers = [signerReadiness('/signer', parts.signer), signerReadiness('/exportSigner', parts.exportSigner)]
  const asked = [...readinessOf(parts), ...signers].map(
    async ({ pointer, name, ready }): Promise<readonly Problem[]> => {
      const signal = AbortSignal.timeout(patienceMs)
      try {
        await orAbort(ready({ signal }), signal)
        return []
      } catch (thrown) {
        const { code, consequence, message, problems } = toSeamError(thrown)
        if (consequence !== 'retry' && !signal.aborted)
          return problems.map((problem) => ({
            ...problem,
            place: { ...problem.place, pointer: `${pointer}${problem.place?.pointer ?? ''}` },
          }))
        const what = signal.aborted ? `It did not answer for ${patienceMs} ms.` : message
        onNotice(new SeamError(signal.aborted ? 'TIMEOUT' : code, `${pointer} "${name}" is not ready: ${what}`))
        return []
      }
    },
  )
  const problems = (await Promise.all(asked)).flat()
  const [first] = problems
  if (first !== undefined)
    throw new SeamError(first.code, 'This deployment can not work as it is configured.', { problems })
}
