import { toSeamError } from '@seamark/kit'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { firstBarrier, type Identity } from './identity.ts'
import type { Layout } from './paths.ts'

/** A host folder that the sandbox's user reaches by another path. */
export interface Way {
  readonly from: string
  readonly to: string
}

/** Which of the folders that every sandbox needs, data and Node, its user can not walk to. */
export function barredFrom(data: string, identity: Identity): readonly string[] {
  const folders = [data, dirname(dirname(process.execPath))]
  return folders.filter((folder) => existsSync(folder) && firstBarrier(folder, identity) !== undefined)
}

/**
 * Binds the barred folders to paths that can be walked. Only the supervisor's own mount namespace has
 * these mounts, and the kernel removes them with it; the empty folders that they cover are on the host,
 * so only who has the data folder's lock may make and remove them. Gives what there is to know where it
 * may not mount: sandboxes reach what lies on an open path then, and say so otherwise.
 */
export function openWays(
  layout: Layout,
  identity: Identity,
): { readonly ways: readonly Way[]; readonly said?: string } {
  const ways: Way[] = []
  try {
    for (const [n, from] of barredFrom(layout.data, identity).entries()) {
      const to = join(layout.ways, String(n))
      mkdirSync(to, { recursive: true })
      // Whatever the mask of this process is.
      for (const folder of [layout.ways, to]) chmodSync(folder, 0o755)
      ways.push({ from, to })
      run('mount', ['--bind', from, to])
    }
    return { ways }
  } catch (error) {
    return { ways: [], said: toSeamError(error).message }
  }
}

/** Removes the mounts and their folders, also those of a supervisor that was killed. Errors: those of the system. */
export function closeWays(layout: Layout): void {
  if (!existsSync(layout.ways)) return
  for (const name of readdirSync(layout.ways)) {
    const to = join(layout.ways, name)
    // Lazily: a sandbox that is about to die may still look at it. It fails where nothing is mounted.
    spawnSync('umount', ['--lazy', to], { stdio: 'ignore' })
    rmdirSync(to)
  }
  rmdirSync(layout.ways)
}

function run(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${basename(program)} ended with ${status}: ${stderr.trim()}`)
}
