import { wrong } from './checked.ts'
import type { Checked } from './checked.ts'
import { POLICY_LIMITS } from './limits.ts'
import type { Stem } from './stem.ts'

// RFC 3986: what a path may hold.
const shape = /^\/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*$/
// An encoded slash, backslash, dot, percent, semicolon, question mark, number sign, control or non-ASCII character.
const disguised = /%(?:2F|5C|2E|25|3B|3F|23|[01][0-9A-F]|7F|[89A-F][0-9A-F])/i
const remedy = 'Write an absolute path without "." or ".." segments, double slashes, and encoded marks or letters.'

/** Whether this is the path of a URL at all, however servers read it. */
export function isAbsolutePath(text: string): boolean {
  return text.length <= POLICY_LIMITS.requestPathLength && shape.test(text)
}

/** Whether every server takes this segment for the same, one segment. Some drop `;` and what follows, some dots and spaces at the end. */
function isPlainSegment(segment: string): boolean {
  const [name = ''] = segment.split(';')
  return !/^(?:[.]|%20)*$/.test(name)
}

/**
 * The one spelling of the path of a request: percent-encoded letters, digits, `-`, `_` and `~` are decoded and other
 * encodings written in upper case (RFC 3986, 6.2.2). What servers read in different ways is refused, not guessed: segments
 * of dots and spaces, empty segments but the last, `;` before any name, backslashes, and encoded slashes, backslashes,
 * dots, percent signs, semicolons, question marks, number signs, control characters and characters that are not ASCII.
 */
export function canonicalPath(text: string): Checked<string> {
  if (text.length > POLICY_LIMITS.requestPathLength) return wrong('The path is too long.', 'Use a shorter one.')
  if (!shape.test(text)) return wrong('The path is no absolute path of a URL.', remedy)
  if (disguised.test(text)) return wrong('The path holds an encoding that servers read in different ways.', remedy)
  const segments = text.slice(1).split('/')
  const last = segments.length - 1
  if (!segments.every((segment, at) => (segment === '' && at === last) || isPlainSegment(segment)))
    return wrong('A segment of the path is read in different ways by servers.', remedy)
  return {
    ok: true,
    value: text.replace(/%[0-9A-Fa-f]{2}/g, (encoding) => {
      const character = String.fromCharCode(Number.parseInt(encoding.slice(1), 16))
      return /[A-Za-z0-9\-_~]/.test(character) ? character : encoding.toUpperCase()
    }),
  }
}

/** A path of a rule, in which one `*` at the end stands for any rest. */
export function pathPattern(text: string): Checked<Stem> {
  const open = text.endsWith('*')
  const stem = open ? text.slice(0, -1) : text
  if (stem.includes('*')) return wrong('The path has a "*" that is not at its end.', 'Keep the one at the end.')
  const path = canonicalPath(stem)
  return path.ok ? { ok: true, value: { text: path.value, open } } : path
}
