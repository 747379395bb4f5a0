import { systemCode } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { access, mkdir, readdir, readFile, rename, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AttemptLayout, NamespaceLayout } from './layout.ts'
import { attemptLayout, namespaceLayout } from './layout.ts'
import { removeTree } from './remove-tree.ts'
import { reopen } from './reopen.ts'

/** Told of a workspace that was kept, and where. */
type Keeping = (launchId: string, path: string) => void

/**
 * Removes an attempt's folders. The workspace of a main step that was started and has no durable
 * snapshot (it was lost, or over a limit) is moved to the namespace's folder `kept` instead.
 */
export async function releaseAttempt(
  ns: NamespaceLayout,
  attempt: AttemptLayout,
  launchId: string,
  keeping: Keeping,
): Promise<void> {
  if (await mustKeep(attempt)) {
    await mkdir(ns.kept, { recursive: true, mode: 0o700 })
    const to = join(ns.kept, launchId)
    if (!(await exists(to)) && (await exists(attempt.workspace))) {
      const moved = async () => {
        await reopen(attempt.workspace)
        await rename(attempt.workspace, to)
        // When it was kept, whatever its program made of the time.
        const now = new Date()
        await utimes(to, now, now)
        return true
      }
      if (await unlessGone(moved)) keeping(launchId, to)
    }
  }
  await discard(attempt)
}

/** Removes an attempt's folders. What is interrupted in the middle is no attempt any more. */
export async function discard(attempt: AttemptLayout): Promise<void> {
  if (!(await exists(attempt.dir))) return
  const away = join(dirname(attempt.dir), `.rm-${randomUUID()}`)
  await unlessGone(() => rename(attempt.dir, away))
  await removeTree(away)
}

/** A start sweeps what an end may be removing just then: whoever is second finds nothing. */
async function unlessGone<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function mustKeep(attempt: AttemptLayout): Promise<boolean> {
  // It is written before there is a workspace.
  if (!(await exists(attempt.about))) return false
  if ((await exists(attempt.unstarted)) || (await exists(attempt.captured))) return false
  const text = await unlessGone(() => readFile(attempt.about, 'utf8'))
  if (text === undefined) return false
  const about: unknown = JSON.parse(text)
  return (
    typeof about === 'object' &&
    about !== null &&
    'step' in about &&
    about.step === 'main' &&
    'keepWorkspace' in about &&
    about.keepWorkspace === true
  )
}

/** Releases every attempt that is not in `keep`, and removes what an interrupted worker left. Launch ids that it released. */
export async function sweepLeftovers(root: string, keep: ReadonlySet<string>, keeping: Keeping): Promise<string[]> {
  const released: string[] = []
  await removeTree(join(root, 'tmp'))
  for (const name of await list(join(root, 'namespaces'))) {
    const ns = namespaceLayout(root, name)
    for (const launchId of await list(ns.attempts)) {
      if (keep.has(launchId)) continue
      if (launchId.startsWith('sm')) {
        await releaseAttempt(ns, attemptLayout(root, name, launchId), launchId, keeping)
        released.push(launchId)
      } else await removeTree(join(ns.attempts, launchId))
    }
    await removeTree(ns.tmp)
    for (const repository of await list(ns.mirrors))
      if (!repository.endsWith('.git')) await removeTree(join(ns.mirrors, repository))
  }
  return released
}

/** What is in a folder; nothing where there is none. */
export async function list(dir: string): Promise<string[]> {
  try {
    return await readdir(dir)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return false
      throw error
    },
  )
}
