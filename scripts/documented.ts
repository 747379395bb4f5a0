/**
 * Every block of code of a page that a person writes is taken from a file that runs, or run by a test that the page names, or held here to
 * what would read it: programs and configurations to the types, plans and agents to their parsers, lines of the shell to `bash` and to the commands.
 */
import { basename } from 'node:path'
import { codeBlocks, placeOf } from './documented/blocks.ts'
import type { CodeBlock } from './documented/blocks.ts'
import { commandProblems } from './documented/commands.ts'
import { planProblems } from './documented/plans.ts'
import { typeProblems } from './documented/typed.ts'
import type { RepositoryFile } from './repository-rules.ts'

/** Pages whose code is compared with its files when references are. */
const COMPARED = /^docs\/[^/]+\/[^/]+\.md$/
const PROGRAMS: ReadonlySet<string> = new Set(['ts', 'js'])
const SHOWN: ReadonlySet<string> = new Set(['', 'console', 'text'])

/** What is wrong in blocks of code, one line each with its place. */
export async function documentedProblems(files: readonly RepositoryFile[]): Promise<readonly string[]> {
  const blocks = files.filter(({ path }) => isPage(path)).flatMap(codeBlocks)
  const isElsewhere = ({ page, from }: CodeBlock): boolean => {
    if (from?.how === 'code') return COMPARED.test(page)
    return files.some(({ path, text }) => path === from?.path && text.includes(basename(page)))
  }
  const own = blocks.filter((block) => !isElsewhere(block))
  const problems = await Promise.all(own.map(problemsOf))
  return [...problems.flat(), ...typeProblems(own.filter(({ language }) => PROGRAMS.has(language)))]
}

/** What is generated is right by what generates it. */
function isPage(path: string): boolean {
  return (
    path.endsWith('.md') && !/^(?:\.changeset|docs\/reference|packages\/[^/]+\/api\.md|apps\/[^/]+\/api\.md)/.test(path)
  )
}

async function problemsOf(block: CodeBlock): Promise<readonly string[]> {
  const { language, text } = block
  if (language === 'yaml') return planProblems(block)
  if (language === 'json') return jsonProblems(block)
  if (language === 'sh' || SHOWN.has(language)) {
    const isPlan = language === '' && text.startsWith('version: 1\n')
    return isPlan ? planProblems(block) : commandProblems(block)
  }
  return PROGRAMS.has(language) ? [] : [`${placeOf(block)}: nothing checks ${language}`]
}

function jsonProblems(block: CodeBlock): readonly string[] {
  try {
    JSON.parse(block.text)
    return []
  } catch (error) {
    return [`${placeOf(block)}: ${error instanceof Error ? error.message : String(error)}`]
  }
}
