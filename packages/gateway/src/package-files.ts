import type { PackageRegistry } from '@seamark/core'
import { bodyLength, pairs, values, type RawHeaders } from './headers.ts'
import type { Authority } from './names.ts'
import type { Target } from './target.ts'

/** A request as far as it decides whether its answer is a file that never changes. */
export interface PackageRequest {
  readonly authority: Authority
  readonly method: string
  readonly target: Target
  readonly length: number | 'chunked'
  /** Those that may go to the registry. */
  readonly sent: RawHeaders
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
// What package managers send for a file. Whoever sends anything else may want another answer than the file, or one of its
// own: registries have headers for credentials that nobody else knows.
const usual =
  /^(?:user-agent|accept|accept-encoding|cache-control|pragma|npm-(?:command|scope|session|in-ci|auth-type)|pacote-(?:version|req-type|pkg-id|integrity))$/
const anyType = '*/*'
const types = new Set([anyType, 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*'])

/** What type is asked for, where that and all else is what package managers ask with. */
function usualType(sent: RawHeaders): string | undefined {
  const [type = anyType, ...more] = values(sent, 'accept')
  if (more.length > 0 || !types.has(type)) return undefined
  return pairs(sent).every(([name]) => usual.test(name.toLowerCase())) ? type : undefined
}

/**
 * The key of the file that a request asks for, or `undefined` where its answer may neither be kept nor come from what was
 * kept. It has the name of the secret in it, so that what one credential may read is not given to another, and the type,
 * by which a registry may choose.
 */
export function packageKey(registries: readonly PackageRegistry[], asked: PackageRequest): string | undefined {
  const { authority, method, target, length, sent, inject } = asked
  const registry = registries.find(({ host, port = httpsPort }) => host === authority.host && port === authority.port)
  if (registry === undefined || method !== 'GET' || length !== 0 || target.query !== '') return undefined
  if (!forms[registry.kind].test(target.path)) return undefined
  const type = usualType(sent)
  if (type === undefined) return undefined
  return JSON.stringify([authority.host, authority.port, target.path, inject ?? null, type])
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
// What is encoded is not kept, the type is in the key, and who says an origin gets nothing that is kept.
const choosing = new Set(['accept-encoding', 'accept', 'origin', ''])
const longest = 512

/** Whether an answer says where it ends: one that ends with its connection may have been cut anywhere. */
function isFramed(raw: RawHeaders): boolean {
  const said = values(raw, 'content-length').length + values(raw, 'transfer-encoding').length
  return said === 1 && bodyLength(raw) !== undefined
}

/** What to tell of a file with an answer's headers, or `undefined` where the answer is not to be kept. RFC 9111, section 3. */
export function keptHeaders(status: number, raw: RawHeaders, inject: string | undefined): KeptHeaders | undefined {
  const said = directives(raw)
  if (status !== 200 || !isFramed(raw) || said.includes('no-store') || said.includes('no-cache')) return undefined
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
