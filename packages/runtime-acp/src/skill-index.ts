import type { RuntimeLaunch } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { Lexer, parseDocument, Parser } from 'yaml'

/** Where the skills are, below the home of the agent. */
export const SKILLS = '.seamark/skills'

const LIMITS = { frontChars: 8_192, depth: 8, descriptionChars: 1_024 } as const

const FRONT = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?\r?\n|)---[ \t]*(?:\r?\n|$)/
const OPENED = /^\uFEFF?---[ \t]*\r?\n/

/**
 * What an agent is told of its skills, as the protocol has no field for them: what each is for, by the `description` in the front
 * matter of its `SKILL.md`, and where it is below `home`. `undefined` where there are none. Errors: `INVALID_INPUT` for front
 * matter that is no YAML or whose description is no text; `LIMIT_EXCEEDED` for front matter over 8,192 characters or nested deeper
 * than 8, or a description over 1,024.
 */
export function skillIndex(files: RuntimeLaunch['files'], home: string): string | undefined {
  const lines = files.flatMap(({ path, bytes }) => {
    const [, name] = /^\.seamark\/skills\/([^/]+)\/SKILL\.md$/.exec(path) ?? []
    if (name === undefined) return []
    const about = descriptionOf(name, new TextDecoder().decode(bytes))
    return `- ${name}${about === '' ? '' : `: ${about}`} (${home}/${path})`
  })
  if (lines.length === 0) return undefined
  return [
    'You have skills. Each is a folder with a file SKILL.md, which says how work of one kind is done and may name other files of its folder.',
    'Before you do work that one of them is for, read its SKILL.md, and keep to it:',
    ...lines,
  ].join('\n')
}

/** In one line, so that it can not look like another skill. Empty where none is given. */
function descriptionOf(name: string, text: string): string {
  const [, head] = FRONT.exec(text) ?? []
  if (head === undefined) {
    if (OPENED.test(text)) throw refused(name, 'INVALID_INPUT', 'has front matter without an end', 'End it with ---.')
    return ''
  }
  if (head.length > LIMITS.frontChars)
    throw refused(name, 'LIMIT_EXCEEDED', `has front matter over ${LIMITS.frontChars} characters`, 'Make it shorter.')
  if (isDeep(head))
    throw refused(name, 'LIMIT_EXCEEDED', `has front matter nested deeper than ${LIMITS.depth}`, 'Make it flat.')
  const document = parseDocument(head, { version: '1.2', schema: 'core', logLevel: 'silent' })
  const [error] = document.errors
  if (error !== undefined) {
    const line = (error.linePos?.[0].line ?? 1) + 1
    throw refused(name, 'INVALID_INPUT', 'has front matter that is no YAML', 'Correct it.', line)
  }
  // Read as it is written: no alias is followed.
  const description: unknown = document.get('description') ?? ''
  if (typeof description !== 'string')
    throw refused(name, 'INVALID_INPUT', 'has a description that is no text', 'Write description: and a text.')
  if (description.length > LIMITS.descriptionChars)
    throw refused(
      name,
      'LIMIT_EXCEEDED',
      `has a description over ${LIMITS.descriptionChars} characters`,
      'Make it shorter, and say the rest below the front matter.',
    )
  return oneLine(description)
}

/** Before anything recurses into it. */
function isDeep(head: string): boolean {
  const parser = new Parser()
  for (const lexeme of new Lexer().lex(head)) {
    for (const _ of parser.next(lexeme));
    // The document is one more.
    if (parser.stack.length > LIMITS.depth + 1) return true
  }
  return false
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .toWellFormed()
}

function refused(
  name: string,
  code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED',
  what: string,
  remedy: string,
  line?: number,
): SeamError {
  return new SeamError(code, `The SKILL.md of the skill ${name} ${what}.`, {
    remedy,
    place: { pointer: `/skills/${name}/SKILL.md`, ...(line !== undefined && { line }) },
  })
}
