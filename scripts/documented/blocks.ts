import type { RepositoryFile } from '../repository-rules.ts'

/** A block of code of a page. */
export interface CodeBlock {
  readonly page: string
  /** Line of its fence, from 1. */
  readonly line: number
  /** As the fence says; may be empty. */
  readonly language: string
  readonly text: string
  /** Of the comment before it: `code` is the file that it is taken from, `checked by` the test that runs it. */
  readonly from?: { readonly how: 'code' | 'checked by'; readonly path: string }
}

const BLOCK = /(?:<!-- (code:|checked by) (\S+?)(?:#\w+)? -->\n\n?)?^(`{3,})(\w*)\n([\s\S]*?)^\3/gm

/** The blocks of a page, in their order. */
export function codeBlocks({ path: page, text }: RepositoryFile): readonly CodeBlock[] {
  return [...text.matchAll(BLOCK)].map((found) => {
    const [all, how, path = '', , language = '', code = ''] = found
    const line = text.slice(0, found.index + all.indexOf('```')).split('\n').length
    const from =
      how === undefined ? {} : { from: { how: how === 'code:' ? ('code' as const) : ('checked by' as const), path } }
    return { page, line, language, text: code, ...from }
  })
}

export const placeOf = ({ page, line }: CodeBlock): string => `${page}:${line}`
