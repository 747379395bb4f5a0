import { isAbsolute, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const scheme = /^[a-z][a-z0-9+.-]*:\/\//i
/** `user@host:path`, git's short form of ssh. */
const short = /^((?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:)(?!\/\/)(.+)$/

/** What a server may take for a dot or a slash. */
const encoded = /%(?:2e|2f|5c|25|00)/i

/**
 * The one form of an address that is compared with what is allowed: an absolute path, an https or ssh URL, or `user@host:path`.
 * `undefined` for any other way to a repository, and for what a server could read in another way than it is compared.
 */
export function normalAddress(text: string): string | undefined {
  if (text.length > 4096 || /[\0-\x20\x7f\\]/.test(text) || text.startsWith('-')) return undefined
  if (isAbsolute(text)) return posix.normalize(text)
  if (scheme.test(text)) return normalUrl(text)
  const [, host, path] = short.exec(text) ?? []
  if (host === undefined || path === undefined || encoded.test(path)) return undefined
  return path.split('/').every((part) => part !== '..' && part !== '.') ? text : undefined
}

function normalUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol === 'file:') return url.host === '' ? fileAddress(url) : undefined
  if (url.protocol !== 'https:' && url.protocol !== 'ssh:') return undefined
  const { username, password, search, hash, hostname, pathname } = url
  if (password !== '' || (username !== '' && url.protocol === 'https:') || search !== '' || hash !== '')
    return undefined
  if (/^(?:-|$)/.test(hostname) || username.startsWith('-')) return undefined
  if (encoded.test(pathname) || pathname.includes('//')) return undefined
  return url.href
}

function fileAddress(url: URL): string | undefined {
  try {
    return normalAddress(fileURLToPath(url))
  } catch {
    // An encoded slash is the only thing that it refuses.
    return undefined
  }
}

/**
 * Where a submodule is, as `.gitmodules` of a repository says: an address, or one that begins with `./` or `../` and is relative to that of
 * the repository, which is taken as a folder, as git does. `undefined` where it is not a way to a repository.
 */
export function submoduleAddress(url: string, parent: string): string | undefined {
  if (!/^\.\.?\//.test(url)) return normalAddress(url)
  if (/[\0-\x20\x7f\\]/.test(url)) return undefined
  if (isAbsolute(parent)) return normalAddress(posix.join(parent, url))
  if (scheme.test(parent)) {
    const base = `${parent.replace(/\/+$/, '')}/`
    return URL.canParse(url, base) ? normalAddress(new URL(url, base).href) : undefined
  }
  const [, host, path] = short.exec(parent) ?? []
  if (host === undefined || path === undefined) return undefined
  return normalAddress(`${host}${posix.join(path, url)}`)
}

/** The folder of its host that a remote repository is in; none of a local one. */
export function ownFolder(address: string): string | undefined {
  if (isAbsolute(address)) return undefined
  const path = address.replace(/\/+$/, '')
  return path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf(':')) + 1)
}

/** Whether an address, in its normal form, is one of these, or below one. */
export function isBelow(address: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => address === folder || address.startsWith(/[/:]$/.test(folder) ? folder : `${folder}/`),
  )
}
