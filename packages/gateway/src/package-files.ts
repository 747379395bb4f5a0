import type { PackageRegistry } from '@seamark/core'
import { pairs, values, type RawHeaders } from './headers.ts'
import type { Authority } from './names.ts'
import type { Target } from './target.ts'

/** A request as far as it decides whether its answer is a file that never changes. */
export interface PackageRequest {
  readonly authority: Authority
  readonly method: string
  readonly target: Target
  readonly length: number | 'chunked'
  readonly rawHeaders: RawHeaders
  /** Name of the secret that is added. */
  readonly inject: string | undefined
}

/** What is told of a file that was kept, beside its bytes. */
export type KeptHeaders = readonly (readonly [string, string])[]

/** How registries name the files of a version, which is published once. */
const forms: Readonly<Record<PackageRegistry['kind'], RegExp>> = {
  npm: /\/-\/[^/]+\.tgz$/,
  pypi: /\/packages\/[0-9a-f]{2}\/[0-9a-f]{2}\/[0-9a-f]{60}\/[^/]+$/,
}

const httpsPort = 443
// Whoever sends one of them wants another answer than the whole file, or one of its own.
const special = /^(?:range|if-.*|cookie2?)$/

/**
 * The key of the file that a request asks for, or `undefined` where its answer may not be kept. It has the name of the
 * secret in it, so that what one credential may read is not given to another.
 */
export function packageKey(registries: readonly PackageRegistry[], asked: PackageRequest): string | undefined {
  const { authority, method, target, length, rawHeaders, inject } = asked
  const registry = registries.find(({ host, port = httpsPort }) => host === authority.host && port === authority.port)
  if (registry === undefined || method !== 'GET' || length !== 0 || target.query !== '') return undefined
  if (!forms[registry.kind].test(target.path)) return undefined
  if (pairs(rawHeaders).some(([name]) => special.test(name.toLowerCase()))) return undefined
  return JSON.stringify([authority.host, authority.port, target.path, inject ?? null])
}

/** The directives of Cache-Control, in lower case and without arguments. */
function directives(raw: RawHeaders): readonly string[] {
  return values(raw, 'cache-control').flatMap((value) =>
    value.split(',').map((part) => (part.split('=')[0] ?? '').trim().toLowerCase()),
  )
}

/** Whether the program wants the file from the registry itself, as package managers do after one that was damaged. */
export function wantsFresh(raw: RawHeaders): boolean {
  const pragma = values(raw, 'pragma').some((value) => value.toLowerCase().includes('no-cache'))
  return pragma || directives(raw).some((word) => word === 'no-cache' || word === 'no-store')
}

const told = ['content-type', 'etag', 'last-modified']
// They choose between codings and origins of one file.
const choosing = new Set(['accept-encoding', 'accept', 'origin', ''])
const longest = 512

/** What to tell of a file with an answer's headers, or `undefined` where the answer is not to be kept. RFC 9111, section 3. */
export function keptHeaders(status: number, raw: RawHeaders, inject: string | undefined): KeptHeaders | undefined {
  const said = directives(raw)
  if (status !== 200 || said.includes('no-store') || said.includes('no-cache')) return undefined
  // What is for one user only is kept for the requests with that user's credential.
  if (said.includes('private') && inject === undefined) return undefined
  if (values(raw, 'set-cookie').length > 0 || values(raw, 'content-range').length > 0) return undefined
  if (values(raw, 'content-encoding').some((coding) => coding.trim().toLowerCase() !== 'identity')) return undefined
  const vary = values(raw, 'vary').flatMap((value) => value.split(',').map((name) => name.trim().toLowerCase()))
  if (!vary.every((name) => choosing.has(name))) return undefined
  return told.flatMap((name) => {
    const [value] = values(raw, name)
    return value === undefined || value.length > longest ? [] : [[name, value] as const]
  })
}
