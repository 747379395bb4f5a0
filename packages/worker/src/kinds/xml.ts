import { SaxesParser } from 'saxes'
import { KIND_LIMITS, Unreadable } from './reader.ts'
import { tooLong, xmlOutline } from './xml-outline.ts'

export interface XmlEvents {
  /** An element begins; `parents` are those around it, the root first. */
  readonly open: (name: string, attributes: Readonly<Record<string, string>>, parents: readonly string[]) => void
  readonly close?: (name: string, parents: readonly string[]) => void
}

/**
 * A well-formed XML 1.0 document, element by element. Text and comments are passed over. Entities are the five of XML: none that the document
 * declares is known, and nothing is fetched. Errors: `Unreadable`.
 */
export function xmlReader({ open, close }: XmlEvents): {
  readonly write: (text: string) => void
  readonly end: () => void
} {
  const parser = new SaxesParser()
  const parents: string[] = []
  const outline = xmlOutline((text) => void parser.write(text))
  let attributes = 0
  // Characters of pieces since one in which a tag began that has not ended.
  let tag: number | undefined
  parser.on('error', () => {
    throw new Unreadable('invalid', `is no well-formed XML: line ${parser.line + outline.linesLeftOut()}`)
  })
  parser.on('opentagstart', () => {
    attributes = 0
    tag = 0
    if (parents.length >= KIND_LIMITS.depth)
      throw new Unreadable('limit', `has more than ${KIND_LIMITS.depth} elements inside each other`)
  })
  parser.on('attribute', () => {
    if (++attributes > KIND_LIMITS.attributesPerElement)
      throw new Unreadable('limit', `has an element with more than ${KIND_LIMITS.attributesPerElement} attributes`)
  })
  parser.on('opentag', ({ name, attributes: given }) => {
    tag = undefined
    open(name, given, parents)
    parents.push(name)
  })
  parser.on('closetag', ({ name }) => {
    parents.pop()
    close?.(name, parents)
  })
  return {
    write(text) {
      outline.write(text)
      if (tag !== undefined) tag += text.length
      if (tag !== undefined && tag > KIND_LIMITS.markupCharacters) throw tooLong()
    },
    end() {
      outline.end()
      parser.close()
    },
  }
}
