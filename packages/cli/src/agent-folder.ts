import { constants } from 'node:fs'
import { open, opendir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Problem } from '@seamark/core'
import { fromSystemError, SeamError } from '@seamark/kit'
import { AGENT_LIMITS, checkAgentFiles, parseAgent } from '@seamark/protocol'
import type { CheckedAgent, PushBody } from '@seamark/protocol'

/** An agent as it is in a folder, with nothing wrong that shows without a service. */
export interface AgentFolder {
  readonly agent: CheckedAgent
  readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[]
}

export const DEFINITION = 'agent.yaml'

/**
 * Reads an agent's folder, which may be anybody's: links and what is no plain file are refused, and no more is read than an agent may
 * have. Errors: `NOT_FOUND`; `INVALID_INPUT` and `LIMIT_EXCEEDED` with all problems, their places in `agent.yaml`.
 */
export async function readAgentFolder(cwd: string, name: string): Promise<AgentFolder> {
  const dir = resolve(cwd, name)
  const parsed = parseAgent(await readPlainFile(dir, DEFINITION, AGENT_LIMITS.definitionBytes))
  const files: { path: string; bytes: Uint8Array }[] = []
  const sizes: { path: string; size: number }[] = []
  let left = AGENT_LIMITS.totalBytes
  for await (const path of paths(dir, '')) {
    if (path === DEFINITION) continue
    // One more than an agent may have: the check says by how much it is too large.
    const bytes =
      sizes.length > AGENT_LIMITS.files ? new Uint8Array() : await readPlainFile(dir, path, Math.max(left, 0))
    left -= bytes.byteLength
    files.push({ path, bytes })
    sizes.push({ path, size: bytes.byteLength })
    if (sizes.length > AGENT_LIMITS.files) break
  }
  const problems: Problem[] = [...(parsed.ok ? [] : parsed.problems), ...checkAgentFiles(sizes)]
  const [first] = problems
  if (first !== undefined || !parsed.ok)
    throw new SeamError(first?.code ?? 'INTERNAL', first?.message ?? 'The agent was refused without a reason.', {
      problems,
    })
  return { agent: parsed.agent, files }
}

/** What is sent. */
export function pushBodyOf({ agent, files }: AgentFolder): PushBody {
  return {
    definition: { ...agent.definition },
    files: files.map(({ path, bytes }) => ({ path, base64: Buffer.from(bytes).toString('base64') })),
  }
}

/** Plain files below a folder. A path that is longer than any may be is yielded, and its folder not entered. */
async function* paths(dir: string, at: string): AsyncGenerator<string> {
  const folder = await opendir(join(dir, at)).catch((error: unknown) => {
    throw fromSystemError(error, `Reading the folder ${at === '' ? dir : at}`)
  })
  for await (const entry of folder) {
    const path = at === '' ? entry.name : `${at}/${entry.name}`
    if (!entry.isDirectory() || Buffer.byteLength(path) > AGENT_LIMITS.pathBytes) yield path
    else yield* paths(dir, path)
  }
}

/** Errors: `LIMIT_EXCEEDED` for more than `most` bytes, of which nothing is read; `INVALID_INPUT` for what is no plain file. */
export async function readPlainFile(dir: string, path: string, most: number): Promise<Uint8Array> {
  const shown = JSON.stringify(path.slice(0, 200))
  try {
    // A pipe that nobody writes to must not hold it up.
    await using file = await open(join(dir, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const about = await file.stat()
    if (!about.isFile()) throw notPlain(shown)
    if (about.size > most)
      throw new SeamError('LIMIT_EXCEEDED', `${shown} makes the agent too large: it has ${about.size} bytes.`, {
        remedy: `agent.yaml has at most ${AGENT_LIMITS.definitionBytes} bytes, all other files together ${AGENT_LIMITS.totalBytes}.`,
      })
    const { buffer, bytesRead } = await file.read(Buffer.alloc(about.size + 1), 0, about.size + 1, 0)
    if (bytesRead > about.size) throw new SeamError('CONFLICT', `${shown} was changed while it was read.`)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ELOOP') throw notPlain(shown)
    throw fromSystemError(error, `Reading ${shown} of the agent`)
  }
}

function notPlain(shown: string): SeamError {
  return new SeamError('INVALID_INPUT', `${shown} is no plain file.`, {
    remedy: 'Put the file itself into the folder: links are not followed.',
  })
}
