import { SeamError, systemCode } from '@seamark/kit'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** What it is built for, in the words of `process.arch`. */
export const FORWARDER_ARCHITECTURES: readonly string[] = ['x64', 'arm64']

/** Processes that it starts before it becomes the program: one that ends at once, and the one that it leaves behind. */
export const FORWARDER_PROCESSES = 2

/** Bounds of one forwarder. */
export const FORWARDER_LIMITS = {
  /** Connections at a time; what is over is reset. Where the system allows fewer descriptors, the rest waits in the backlog. */
  maxConnections: 8_192,
  /** Milliseconds for which a connection waits while the gateway's backlog is full. A gateway that is away is not waited for. */
  waitMs: 10_000,
} as const

/**
 * Path of the program on this host: a static Linux executable of a few kilobytes, to be mounted read-only into a sandbox.
 * Errors: `UNSUPPORTED` for another architecture.
 */
export function forwarderProgram(arch: string = process.arch): string {
  if (FORWARDER_ARCHITECTURES.includes(arch))
    return fileURLToPath(new URL(`../bin/seamark-forward-${arch}`, import.meta.url))
  throw new SeamError('UNSUPPORTED', `There is no forwarder for ${arch}.`, {
    remedy: `Run attempts with a way out on one of: ${FORWARDER_ARCHITECTURES.join(', ')}.`,
  })
}

/**
 * The command that listens on 127.0.0.1:`port` inside, leads each connection to the unix socket and becomes `argv`. Paths are
 * those inside. That of the socket has at most 107 bytes.
 */
export function throughForwarder(
  argv: readonly string[],
  inside: { readonly program: string; readonly port: number; readonly socket: string },
): readonly string[] {
  return [inside.program, String(inside.port), inside.socket, '--', ...argv]
}

/**
 * How many processes of ours a launch starts before it runs anything of an item: `FORWARDER_PROCESSES` where its program is the
 * forwarder, otherwise 0. The forwarder is known by its bytes, in a mount that no program can write. Errors: those of the
 * system.
 */
export async function forwarderProcesses({
  argv,
  mounts,
}: {
  readonly argv: readonly string[]
  readonly mounts: readonly { readonly source: string; readonly target: string; readonly mode: string }[]
}): Promise<number> {
  const mount = mounts.find(({ target, mode }) => target === argv[0] && mode === 'read-only')
  return mount !== undefined && (await holdsForwarder(mount.source)) ? FORWARDER_PROCESSES : 0
}

async function holdsForwarder(path: string): Promise<boolean> {
  if (!FORWARDER_ARCHITECTURES.includes(process.arch)) return false
  const forwarder = await readFile(forwarderProgram())
  try {
    const found = await stat(path)
    return found.isFile() && found.size === forwarder.byteLength && forwarder.equals(await readFile(path))
  } catch (error) {
    // A mount that is missing or closed ends the launch by itself, or runs what is none of ours.
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemCode(error) ?? '')) return false
    throw error
  }
}
