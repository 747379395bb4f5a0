import type { Mount, OwnMcpServer } from '@seamark/core'
import { sha256Hex, systemCode } from '@seamark/kit'
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import {
  access,
  chmod,
  copyFile,
  cp,
  link,
  mkdir,
  readFile,
  realpath,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onHost } from './host-failure.ts'
import { removeTree } from './remove-tree.ts'

export interface ToolchainOptions {
  /** The Node.js that attempts get. Default: the one that runs the worker. */
  readonly node?: string
  /** What is searched after the toolchain's own folder. Default `/usr/local/bin:/usr/bin:/bin`. */
  readonly path?: string
}

/** Programs that every attempt finds on its `PATH`: `node`, `seamark-apply`, `seamark-children`, and npm where it is not the system's. */
export interface Toolchain {
  readonly path: string
  readonly mounts: readonly Mount[]
}

const scripts = ['seamark-apply', 'seamark-children'] as const
const sourceOf = (name: string): string => fileURLToPath(new URL(`../bin/${name}.mjs`, import.meta.url))
const inside = '/opt/seamark/tools'

/** What a setup layer depends on, besides its files. */
export function toolchainIdentity(): { readonly node: string; readonly platform: string; readonly arch: string } {
  return { node: process.version, platform: process.platform, arch: process.arch }
}

/**
 * Lays the toolchain out once below the worker's folder, where the sandbox's user can be let in,
 * whatever folder Node.js is installed in.
 */
export async function layToolchain(
  root: string,
  options: ToolchainOptions = {},
): Promise<(filesystem: 'private' | 'host') => Toolchain> {
  const node = await realpath(options.node ?? process.execPath)
  const sources = await Promise.all(scripts.map(async (name) => [name, await readFile(sourceOf(name))] as const))
  const digests = sources.map(([, source]) => sha256Hex(source))
  const name = sha256Hex(JSON.stringify([node, process.version, process.arch, ...digests])).slice(0, 16)
  const parent = join(root, 'toolchain')
  const dir = join(parent, name)
  if (!(await exists(dir))) {
    await mkdir(parent, { recursive: true, mode: 0o700 })
    const temp = join(parent, `.tmp-${randomUUID()}`)
    try {
      // The largest need of a first attempt, and no fault of it: it is named.
      const { size } = await stat(node)
      const doing = `Placing Node.js (${Math.ceil(size / 2 ** 20)} MiB)`
      await onHost(doing, parent, () => lay(temp, node, sources))
      await rename(temp, dir)
    } catch (error) {
      // Another worker was first.
      if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error
    } finally {
      await removeTree(temp)
    }
  }
  const rest = options.path ?? '/usr/local/bin:/usr/bin:/bin'
  return (filesystem) =>
    filesystem === 'host'
      ? { path: `${join(dir, 'bin')}:${rest}`, mounts: [] }
      : { path: `${inside}/bin:${rest}`, mounts: [{ source: dir, target: inside, mode: 'read-only' }] }
}

/** The MCP server that leads to an attempt's socket for children. `path` is the `PATH` of the attempt, which the toolchain leads. */
export function childrenProgram(path: string, socket: string): Pick<OwnMcpServer, 'command' | 'args'> {
  const [bin = ''] = path.split(':')
  // Not every agent hands its environment on.
  return { command: join(bin, 'node'), args: [join(bin, 'seamark-children'), socket] }
}

async function lay(
  dir: string,
  node: string,
  sources: readonly (readonly [name: string, source: Uint8Array])[],
): Promise<void> {
  const bin = join(dir, 'bin')
  await mkdir(bin, { recursive: true, mode: 0o755 })
  await chmod(dir, 0o755)
  for (const [script, source] of sources) {
    await writeFile(join(bin, script), source, { mode: 0o755 })
    await chmod(join(bin, script), 0o755)
  }
  try {
    await link(node, join(bin, 'node'))
  } catch (error) {
    const code = systemCode(error)
    if (code !== 'EXDEV' && code !== 'EPERM' && code !== 'EACCES' && code !== 'EMLINK') throw error
    await copyFile(node, join(bin, 'node'), constants.COPYFILE_FICLONE)
    await chmod(join(bin, 'node'), 0o755)
  }
  // A Node.js below /usr has its npm there too, and a sandbox sees /usr.
  const npm = join(dirname(dirname(node)), 'lib', 'node_modules', 'npm')
  if (node.startsWith('/usr/') || !(await exists(npm))) return
  await cp(npm, join(dir, 'lib', 'node_modules', 'npm'), { recursive: true, verbatimSymlinks: true })
  for (const program of ['npm', 'npx'])
    await symlink(`../lib/node_modules/npm/bin/${program}-cli.js`, join(bin, program))
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
