import { KIND_LIMITS, Unreadable } from './reader.ts'

interface Section {
  readonly begin: string
  readonly end: string
  /** Whether what it holds is left out. */
  readonly hollow: boolean
}

const SECTIONS: readonly Section[] = [
  { begin: '<!--', end: '-->', hollow: true },
  { begin: '<![CDATA[', end: ']]>', hollow: true },
  { begin: '<?', end: '?>', hollow: false },
]
const BEGIN = /<!--|<!\[CDATA\[|<\?/

export interface XmlOutline {
  readonly write: (text: string) => void
  readonly end: () => void
  /** Lines that were left out. */
  readonly linesLeftOut: () => number
}

/**
 * Passes XML on without what its comments and CDATA sections hold: a parser keeps that until their end, which may be that of the document. Names,
 * references and processing instructions that are too long are refused. Errors: `Unreadable`.
 */
export function xmlOutline(pass: (text: string) => void): XmlOutline {
  const bounds = [boundOf('<', /[\s>]/), boundOf('&', /;/)]
  let inside: Section | undefined
  let length = 0
  let held = ''
  let lines = 0

  function passMarkup(text: string): void {
    for (const bound of bounds) bound(text)
    pass(text)
  }

  function take(text: string): void {
    if (inside?.hollow === true) {
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++
      return
    }
    length += text.length
    if (length > KIND_LIMITS.markupCharacters) throw tooLong()
    pass(text)
  }

  /** Takes what is sure of the rest, and gives what is not. */
  function step(rest: string): { readonly rest: string; readonly more: boolean } {
    if (inside !== undefined) {
      const at = rest.indexOf(inside.end)
      const sure = at >= 0 ? at : Math.max(0, rest.length - inside.end.length + 1)
      take(rest.slice(0, sure))
      if (at < 0) return { rest: rest.slice(sure), more: false }
      const { end } = inside
      inside = undefined
      pass(end)
      return { rest: rest.slice(at + end.length), more: true }
    }
    const found = BEGIN.exec(rest)
    if (found === null) {
      const last = rest.lastIndexOf('<')
      const mayBegin = last >= 0 && SECTIONS.some(({ begin }) => begin.startsWith(rest.slice(last)))
      passMarkup(mayBegin ? rest.slice(0, last) : rest)
      return { rest: mayBegin ? rest.slice(last) : '', more: false }
    }
    passMarkup(rest.slice(0, found.index))
    inside = SECTIONS.find(({ begin }) => begin === found[0])
    length = 0
    pass(found[0])
    return { rest: rest.slice(found.index + found[0].length), more: true }
  }

  return {
    write(text) {
      let next = { rest: held + text, more: true }
      while (next.more) next = step(next.rest)
      held = next.rest
    },
    end: () => pass(held),
    linesLeftOut: () => lines,
  }
}

/** Refuses too many characters between a beginning and the first of its ends. */
function boundOf(begin: string, ends: RegExp): (text: string) => void {
  let length: number | undefined
  return (text) => {
    const at = text.lastIndexOf(begin)
    if (at >= 0) length = 0
    if (length === undefined) return
    const rest = text.slice(at + 1)
    length = ends.test(rest) ? undefined : length + rest.length
    if (length !== undefined && length > KIND_LIMITS.markupCharacters) throw tooLong()
  }
}

export function tooLong(): Unreadable {
  const most = KIND_LIMITS.markupCharacters
  return new Unreadable('limit', `has a tag, reference or instruction of more than ${most} characters`)
}
