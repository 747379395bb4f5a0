import type { Problem } from '@seamark/core'
import { fromSystemError, SeamError, toSeamError } from '@seamark/kit'
import { joinParts, PLAN_LIMITS, problemIn, readPart } from '@seamark/protocol'
import type { ReadPart } from '@seamark/protocol'
import { constants } from 'node:fs'
import { open, realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { planOf, readAtMost } from './plan-file.ts'
import type { PlanFile } from './plan-file.ts'

const { files: maxFiles, filesBytes: maxBytes, includeDepth: maxDepth } = PLAN_LIMITS

/** A file on the way to one that it includes. */
interface Step {
  readonly part: ReadPart
  /** Without links. */
  readonly path: string
}

/**
 * A plan with the items of the files that it includes, read from its folder and below alone. A plan that includes none, or is no plan,
 * is as it was. Errors: of all files at once, with places that name them: `INVALID_INPUT`, `FORBIDDEN` for a file elsewhere,
 * `NOT_FOUND`, `LIMIT_EXCEEDED`.
 */
export async function withIncludes(plan: PlanFile): Promise<PlanFile> {
  // Most plans include nothing: they are read once, by the service.
  if (plan.bytes.byteLength > maxBytes || !Buffer.from(plan.bytes).includes('include')) return plan
  const first = readPart(plan, true)
  if (!first.ok) throw refused(first.problems)
  if (first.part.includes === undefined) return plan
  if (plan.path === undefined)
    throw refused([
      problemIn(first.part, '/include', {
        code: 'INVALID_INPUT',
        message: 'A plan on standard input has no folder to include files from.',
        remedy: 'Name the file of the plan.',
      }),
    ])
  const path = await realpath(plan.path)
  const { parts, problems } = await readIncludes({ part: first.part, path }, dirname(plan.file))
  if (problems.length > 0) throw refused(problems)
  const { bytes, placed } = joinParts([first.part, ...parts])
  return { ...plan, bytes, format: 'json', placed }
}

/** What a call says is wrong with a plan, in the file in which it was written. */
export async function inItsFiles<T>({ placed }: PlanFile, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    if (placed === undefined) throw error
    const { code, message, problems, retryAfterMs } = toSeamError(error)
    throw new SeamError(code, message, {
      problems: placed(problems),
      cause: error,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    })
  }
}

function refused(problems: readonly Problem[]): SeamError {
  const [first] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  return new SeamError(first?.code ?? 'INTERNAL', `${first?.message ?? 'The plan was refused.'}${more}`, { problems })
}

/** Every file that a plan includes, once, in the order of a walk that goes down first. `shown` is its folder as people name it. */
async function readIncludes(
  plan: Step,
  shown: string,
): Promise<{ readonly parts: readonly ReadPart[]; readonly problems: readonly Problem[] }> {
  const folder = dirname(plan.path)
  const seen = new Set([plan.path])
  const parts: ReadPart[] = []
  const problems: Problem[] = []
  let room = maxBytes - plan.part.bytes.byteLength
  // A short text may stand for a long one: of all files there is as much as of one plan.
  let writtenRoom = PLAN_LIMITS.jsonBytes - writtenBytes(plan.part)

  /** The file without links, inside the folder of the plan. */
  async function locate(from: Step, written: string): Promise<string> {
    const elsewhere = new SeamError('FORBIDDEN', 'A plan includes files of its own folder and below it alone.', {
      remedy: 'Name a file there by its path from this file.',
    })
    if (isAbsolute(written) || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(written) || written.includes('\0')) throw elsewhere
    const path = resolve(dirname(from.path), written)
    if (!isBelow(folder, path)) throw elsewhere
    const real = await realpath(path)
    if (!isBelow(folder, real)) throw elsewhere
    return real
  }

  async function add(chain: readonly Step[], from: Step, written: string): Promise<void> {
    const real = await locate(from, written)
    const at = chain.findIndex(({ path }) => path === real)
    if (at !== -1) {
      const names = [...chain.slice(at), ...chain.slice(at, at + 1)].map(({ part }) => part.file)
      throw new SeamError('INVALID_INPUT', `The files include each other in a cycle: ${names.join(' -> ')}.`, {
        remedy: 'Take one of these out.',
      })
    }
    if (seen.has(real)) return
    const limit = (message: string) =>
      new SeamError('LIMIT_EXCEEDED', message, { remedy: 'Write fewer, larger files.' })
    if (seen.size >= maxFiles) throw limit(`A plan has more than ${maxFiles} files.`)
    if (chain.length >= maxDepth) throw limit(`Files include each other more than ${maxDepth} deep.`)
    seen.add(real)
    const bytes = await readRegular(real, room)
    room -= bytes.byteLength
    const file = join(shown, relative(folder, real))
    const read = readPart(planOf(file, bytes, basename(real)), false)
    if (!read.ok) {
      problems.push(...read.problems)
      return
    }
    writtenRoom -= writtenBytes(read.part)
    if (writtenRoom < 0)
      throw limit(`With its aliases written out the plan has more than ${PLAN_LIMITS.jsonBytes} bytes.`)
    parts.push(read.part)
    const step = { part: read.part, path: real }
    await addAll([...chain, step], step)
  }

  async function addAll(chain: readonly Step[], from: Step): Promise<void> {
    for (const [at, written] of (from.part.includes ?? []).entries())
      try {
        await add(chain, from, written)
      } catch (error) {
        const { code, problems: found } = fromSystemError(error, `Reading ${JSON.stringify(written.slice(0, 200))}`)
        for (const { message, remedy } of found)
          problems.push(
            problemIn(from.part, `/include/${at}`, { code, message, ...(remedy !== undefined && { remedy }) }),
          )
      }
  }

  await addAll([plan], plan)
  return { parts, problems }
}

function writtenBytes({ value }: ReadPart): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '' && way !== '..' && !way.startsWith('../') && !isAbsolute(way)
}

/** Errors: `INVALID_INPUT` for what is no file, `LIMIT_EXCEEDED`, and those of the system. */
async function readRegular(path: string, room: number): Promise<Uint8Array> {
  // A pipe would wait for its writer, and a link that was put there meanwhile leads elsewhere.
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  if (!(await handle.stat()).isFile())
    throw new SeamError('INVALID_INPUT', 'What is included is no file.', { remedy: 'Name a file.' })
  const stream = handle.createReadStream({ autoClose: false })
  return await readAtMost(stream, room, `The files of the plan have more than ${maxBytes} bytes in all.`)
}
