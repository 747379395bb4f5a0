import type { CallOptions } from '@seamark/core'
import { isSeamError, SeamError, throwIfAborted } from '@seamark/kit'
import { execFile } from 'node:child_process'
import type { IncomingMessage } from 'node:http'
import type { HttpsClient } from './https-call.ts'
import { httpsClient } from './https-call.ts'
import type { GitCredential } from './git-credentials.ts'
import { credentialHeader } from './git-credentials.ts'
import type { LfsObject } from './lfs-object.ts'
import { normalAddress } from './submodule-address.ts'

/** How servers are reached: git's own settings, which no attempt is given. */
export interface LfsTransport {
  readonly path?: string
  readonly env?: Readonly<Record<string, string>>
  readonly credentials?: readonly GitCredential[]
}

/** Takes the bytes of one object. */
export type TakeObject = (object: LfsObject, body: AsyncIterable<Uint8Array>) => Promise<void>

interface Endpoint {
  readonly url: string
  readonly header: Readonly<Record<string, string>>
}

const media = 'application/vnd.git-lfs+json'
const objectsOfCall = 100
const atOnce = 8
const maxAnswerBytes = 4 * 2 ** 20
const sshMs = 60_000
const answerMs = 60 * 60_000
const place = { pointer: '/lfs' }

/**
 * Fetches objects from a server of Git LFS with its batch API (`docs/api/batch.md` of Git LFS 3, transfer `basic`), over TLS alone. Of an ssh address
 * the server says with `git-lfs-authenticate` where they are and with which header, which goes nowhere else.
 *
 * Errors: `NOT_FOUND`, `FORBIDDEN`, `UNAVAILABLE`, `ABORTED`, those of `take`.
 */
export async function fetchLfs(
  address: string,
  objects: readonly LfsObject[],
  transport: LfsTransport,
  take: TakeObject,
  options?: CallOptions,
): Promise<void> {
  const client = await httpsClient(transport.env ?? {})
  const stop = new AbortController()
  const signal = options?.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  try {
    for (let from = 0; from < objects.length; from += objectsOfCall) {
      // Asked again for each: what it answers is good for a while only.
      const endpoint = await endpointOf(address, transport, options)
      const wanted = objects.slice(from, from + objectsOfCall)
      const found = await batch(client, endpoint, wanted, signal)
      const left = wanted.values()
      const one = async () => {
        for (const object of left) await download(client, object, found, transport, take, signal)
      }
      const work = Array.from({ length: atOnce }, one)
      try {
        await Promise.all(work)
      } catch (error) {
        stop.abort()
        await Promise.allSettled(work)
        throw error
      }
    }
  } finally {
    client.close()
  }
}

async function endpointOf(address: string, transport: LfsTransport, options?: CallOptions): Promise<Endpoint> {
  if (!address.startsWith('https:')) return overSsh(address, transport, options)
  return { url: address, header: await credentialHeader(transport.credentials ?? [], address, options) }
}

async function batch(
  client: HttpsClient,
  { url, header }: Endpoint,
  objects: readonly LfsObject[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  const body = JSON.stringify({
    operation: 'download',
    transfers: ['basic'],
    hash_algo: 'sha256',
    objects: objects.map(({ sha256, size }) => ({ oid: sha256, size })),
  })
  const headers = { ...header, accept: media, 'content-type': media, 'user-agent': 'git-lfs/3 (seamark)' }
  const answer = await client.call(`${url.replace(/\/+$/, '')}/objects/batch`, {
    method: 'POST',
    headers,
    body,
    signal,
  })
  const { host } = new URL(url)
  if (answer.statusCode !== 200) throw refused(answer, `${host} gives no files of Git LFS`)
  const text = await received(answer, `The answer of ${host}`, signal, () => textOf(answer, host))
  const listed = field(parse(text), 'objects')
  if (!Array.isArray(listed)) throw unavailable(`${host} is no server of Git LFS: its answer is another.`)
  const list: readonly unknown[] = listed
  return new Map(list.map((each) => [String(field(each, 'oid')), each]))
}

async function textOf(answer: AsyncIterable<Uint8Array>, host: string): Promise<string> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of answer) {
    size += piece.length
    if (size > maxAnswerBytes) throw unavailable(`${host} answers more than ${maxAnswerBytes} bytes.`)
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

async function download(
  client: HttpsClient,
  object: LfsObject,
  found: ReadonlyMap<string, unknown>,
  { credentials = [] }: LfsTransport,
  take: TakeObject,
  signal: AbortSignal,
): Promise<void> {
  throwIfAborted(signal)
  const about = found.get(object.sha256)
  const action = field(field(about, 'actions'), 'download')
  const href = field(action, 'href')
  const what = `The object ${object.sha256} of Git LFS`
  if (typeof href !== 'string' || !URL.canParse(href)) {
    const code = Number(field(field(about, 'error'), 'code'))
    if (code === 404 || code === 410) throw missing(what)
    throw unavailable(`${what} is not given by its server${code > 0 ? ` (${code})` : ''}.`)
  }
  const said = headersOf(field(action, 'header'))
  const isSaid = Object.keys(said).some((name) => name.toLowerCase() === 'authorization')
  const headers = isSaid ? said : { ...said, ...(await credentialHeader(credentials, href, { signal })) }
  const answer = await client.call(href, { method: 'GET', headers, signal })
  if (answer.statusCode !== 200) throw refused(answer, `${what} is not given`)
  await received(answer, what, signal, () => take(object, answer))
}

/** What is done with the body of an answer, which may break off or never end. */
async function received<T>(
  answer: IncomingMessage,
  what: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => answer.destroy(unavailable(`${what} took longer than ${answerMs} ms.`)), answerMs)
  try {
    return await work()
  } catch (error) {
    throwIfAborted(signal)
    if (answer.errored === null || isSeamError(error)) throw error
    throw new SeamError('UNAVAILABLE', `${what} broke off.`, { cause: error })
  } finally {
    clearTimeout(timer)
    answer.destroy()
  }
}

/** What `git-lfs-authenticate` of the server says. Errors: `UNAVAILABLE`, `ABORTED`. */
async function overSsh(address: string, { path, env }: LfsTransport, options?: CallOptions): Promise<Endpoint> {
  const { host, port, repository } = sshParts(address)
  const args = ['-oBatchMode=yes', ...(port === '' ? [] : ['-p', port]), '--', host]
  // The server's shell reads it.
  const line = `git-lfs-authenticate '${repository.replaceAll("'", `'\\''`)}' download`
  const text = await new Promise<string>((resolve, reject) => {
    const call = {
      env: { ...env, PATH: path ?? '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', LC_ALL: 'C' },
      timeout: sshMs,
      maxBuffer: 2 ** 20,
      killSignal: 'SIGKILL',
      ...(options?.signal && { signal: options.signal }),
    } as const
    execFile('ssh', [...args, line], call, (error, stdout, stderr) => {
      if (options?.signal?.aborted === true)
        return reject(new SeamError('ABORTED', 'Stopped on request.', { cause: options.signal.reason }))
      if (error === null) return resolve(stdout)
      const told = stderr.trim().slice(0, 500)
      reject(
        new SeamError('UNAVAILABLE', `${host} does not say where files of Git LFS are: ${told}`, {
          cause: error,
          remedy: 'The server needs `git-lfs-authenticate`. Otherwise name the repository by its https URL.',
        }),
      )
    }).stdin?.end()
  })
  const about = parse(text)
  const href = field(about, 'href')
  if (typeof href !== 'string' || normalAddress(href)?.startsWith('https:') !== true)
    throw unavailable(`${host} names no https address for files of Git LFS.`)
  return { url: href, header: headersOf(field(about, 'header')) }
}

function sshParts(address: string): { readonly host: string; readonly port: string; readonly repository: string } {
  if (address.startsWith('ssh:')) {
    const { username, hostname, port, pathname } = new URL(address)
    return { host: username === '' ? hostname : `${username}@${hostname}`, port, repository: decodeURIComponent(pathname) } // prettier-ignore
  }
  const end = address.indexOf(':')
  return { host: address.slice(0, end), port: '', repository: address.slice(end + 1) }
}

// What a server may not say of a request: how it is sent, and to whom.
const own = /^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|proxy-.*)$/i

function headersOf(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  const fields = Object.entries(value).filter(
    ([name, text]) =>
      /^[\w!#$%&'*+.^`|~-]{1,256}$/.test(name) && !own.test(name) && /^[\x20-\x7e]{0,16384}$/.test(String(text)),
  )
  return Object.fromEntries(fields.slice(0, 32).map(([name, text]) => [name, String(text)]))
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new SeamError('UNAVAILABLE', 'A server of Git LFS does not answer in JSON.', { cause })
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function refused(answer: IncomingMessage, what: string): SeamError {
  answer.destroy()
  const { statusCode = 0 } = answer
  if (statusCode === 404 || statusCode === 410) return missing(what)
  if (statusCode === 401 || statusCode === 403)
    return new SeamError('FORBIDDEN', `${what}: it answers ${statusCode}.`, {
      place,
      remedy:
        'Name a credential for it under `git.credentials` of the configuration, or the repository by its ssh address, with a key in the agent of the service.',
    })
  return unavailable(`${what}: it answers ${statusCode}.`)
}

export function missing(what: string, remedy = 'Push the object there with `git lfs push --all`, or take out workspace.lfs.'): SeamError {
  return new SeamError('NOT_FOUND', `${what}: it is not there.`, { place, remedy })
} // prettier-ignore

function unavailable(message: string): SeamError {
  return new SeamError('UNAVAILABLE', message)
}
