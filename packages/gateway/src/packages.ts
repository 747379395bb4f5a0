import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Transform } from 'node:stream'
import type { PackageCacheSettings, PackageRegistry } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { canonicalHost } from '@seamark/policy'
import { bodyLength } from './headers.ts'
import { keepingOf } from './kept.ts'
import { packageCache, type KeptPackage } from './package-cache.ts'
import { keptHeaders, packageKey, wantsFresh, type PackageRequest } from './package-files.ts'
import type { Turns } from './turns.ts'

/** Files of packages that are kept on the host. */
export interface Packages {
  /** The file that a request asks for, where it is kept. It is read in its turn, and no further than until `signal`. */
  readonly find: (asked: PackageRequest, signal: AbortSignal, inTurn: Turns) => Promise<KeptPackage | undefined>
  /** What the answer to a request is to pass through to be kept, where it may be. */
  readonly keeping: (
    asked: PackageRequest,
  ) => ((answer: IncomingMessage, res: ServerResponse) => Transform | undefined) | undefined
}

const defaultBytes = 10 * 2 ** 30

function wrong(pointer: string, message: string, remedy: string): SeamError {
  return new SeamError('INVALID_INPUT', message, { place: { pointer: `/packages${pointer}` }, remedy })
}

/** Registries with their hosts in one spelling. Errors: `INVALID_INPUT` with its place for what is none. */
function registriesOf(given: readonly PackageRegistry[]): readonly PackageRegistry[] {
  return given.map((registry, index) => {
    const host = canonicalHost(registry.host)
    if (!host.ok) throw wrong(`/registries/${index}/host`, host.message, host.remedy)
    return { ...registry, host: host.value }
  })
}

/**
 * Files of packages in a folder, which is read with the first request. Errors: `INVALID_INPUT` with its place for
 * settings that can not be met.
 */
export function packagesOf(
  settings: PackageCacheSettings | undefined,
  dir: string | undefined,
  onNotice: (error: Error) => void,
): Packages | undefined {
  if (settings === undefined) return undefined
  const { maxBytes = defaultBytes } = settings
  const registries = registriesOf(settings.registries)
  if (dir === undefined) throw wrong('', 'There is no folder for files of packages.', 'Give packagesDir.')
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw wrong('/maxBytes', 'That is no number of bytes.', 'Use a whole number of 1 or more.')
  const cache = packageCache({ dir, maxBytes, onNotice })
  return {
    async find(asked, signal, inTurn) {
      const key = packageKey(registries, asked)
      return key === undefined || wantsFresh(asked.sent) ? undefined : inTurn(() => cache.find(key, signal))
    },
    keeping(asked) {
      const key = packageKey(registries, asked)
      if (key === undefined) return undefined
      return (answer, res) => {
        const headers = keptHeaders(answer.statusCode ?? 0, answer.rawHeaders, asked.inject)
        if (headers === undefined) return undefined
        const keeping = cache.keep(key, headers, bodyLength(answer.rawHeaders))
        return keeping && keepingOf(keeping, answer, res)
      }
    },
  }
}
