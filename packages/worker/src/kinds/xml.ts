import { SaxesParser } from 'saxes'
import { KIND_LIMITS, Unreadable } from './reader.ts'

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
  let attributes = 0
  parser.on('error', () => {
    throw new Unreadable('invalid', `is no well-formed XML: line ${parser.line}, column ${parser.column}`)
  })
  parser.on('opentagstart', () => {
    attributes = 0
    if (parents.length >= KIND_LIMITS.depth)
      throw new Unreadable('limit', `has more than ${KIND_LIMITS.depth} elements inside each other`)
  })
  parser.on('attribute', () => {
    if (++attributes > KIND_LIMITS.attributesPerElement)
      throw new Unreadable('limit', `has an element with more than ${KIND_LIMITS.attributesPerElement} attributes`)
  })
  parser.on('opentag', (tag) => {
    open(tag.name, tag.attributes, parents)
    parents.push(tag.name)
  })
  parser.on('closetag', ({ name }) => {
    parents.pop()
    close?.(name, parents)
  })
  return { write: (text) => void parser.write(text), end: () => void parser.close() }
}
