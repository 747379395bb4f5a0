import type { Problem } from '@seamark/core'
import type { Fault, Faults, Path } from './fault.ts'
import { PLAN_LIMITS } from './limits.ts'
import { isPlain } from './quoted.ts'
import { lineIndex } from './source.ts'
import type { SourceDocument } from './source.ts'

/** RFC 6901. It stops before a key that is very long or holds hidden characters: it is shown to people. */
export function pointer(path: Path): string {
  let out = ''
  for (const step of path) {
    if (typeof step === 'string' && !isPlain(step)) break
    out += `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`
  }
  return out
}

/** The steps of a pointer that our own code made: digits alone are an index. */
export function steps(at: string): Path {
  return at
    .split('/')
    .slice(1)
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step.replaceAll('~1', '/').replaceAll('~0', '~')))
}

/** Faults as problems, each with pointer, line and column, in the order of the text. */
export function toProblems(faults: Faults, text: string, document: SourceDocument | undefined): Problem[] {
  const lineOf = lineIndex(text)
  const found = document?.locate(faults.list.map(({ path, part = 'value' }) => ({ path, part }))) ?? []
  const placed = faults.list.map((fault: Fault, at) => {
    const where = found[at]
    const offset = fault.offset ?? where?.offset ?? 0
    const path = where === undefined ? fault.path : fault.path.slice(0, where.depth)
    const problem: Problem = {
      code: fault.code,
      message: fault.message,
      place: { pointer: pointer(path), ...lineOf(offset) },
      ...(fault.remedy !== undefined && { remedy: fault.remedy }),
    }
    return { offset, problem }
  })
  const problems = placed.sort((a, b) => a.offset - b.offset).map(({ problem }) => problem)
  return [...problems, ...notListed(faults)]
}

/** Says how many problems there are beyond those that are listed, where there are any. */
export function notListed(faults: Faults): Problem[] {
  if (faults.dropped() === 0) return []
  return [
    {
      code: 'LIMIT_EXCEEDED',
      message: `There are ${faults.dropped()} more problems; the first ${PLAN_LIMITS.problems} are listed.`,
      remedy: 'Correct these and submit again.',
      place: { pointer: '', line: 1, column: 1 },
    },
  ]
}
