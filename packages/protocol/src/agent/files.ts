import type { AgentFile, Problem } from '@seamark/core'
import { AGENT_LIMITS } from './limits.ts'
import { quoted } from '../plan/quoted.ts'

/** File of an agent that says what its program reads as instructions. */
export const INSTRUCTIONS: readonly string[] = ['AGENTS.md', 'CLAUDE.md']
export const MCP_FILE = '.mcp.json'

const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/
const SKILL = /^skills\/([A-Za-z0-9][A-Za-z0-9_-]{0,63})\/./

/** Whether an agent reads a file as text: its instructions and those of its skills. */
export function isInstruction(path: string): boolean {
  return INSTRUCTIONS.includes(path) || /^skills\/[^/]+\/SKILL\.md$/.test(path)
}

/** Names of the skills among paths, in order. */
export function skillNames(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => SKILL.exec(path)?.[1] ?? []))].sort()
}

/**
 * What is wrong with the files beside `agent.yaml`, all at once. A path has segments of `A-Z a-z 0-9 . _ -`; there is at most one of
 * `AGENTS.md` and `CLAUDE.md`, `.mcp.json`, and in `skills/` a folder with a `SKILL.md` for each skill. No two paths differ in case only.
 */
export function checkAgentFiles(files: readonly Pick<AgentFile, 'path' | 'size'>[]): readonly Problem[] {
  const problems: Problem[] = []
  const tell = (code: 'INVALID_INPUT' | 'LIMIT_EXCEEDED', path: string, message: string, remedy: string) =>
    problems.push({
      code,
      message,
      remedy,
      place: { pointer: `/files/${quoted(path).slice(1, -1).replaceAll('/', '~1')}` },
    })
  const { files: most, fileBytes, totalBytes, pathBytes, textBytes, parts } = AGENT_LIMITS
  if (files.length > most) {
    const message = `An agent has at most ${most} files; these are ${files.length}.`
    return [{ code: 'LIMIT_EXCEEDED', message, remedy: 'Take some out.', place: { pointer: '/files' } }]
  }
  const seen = new Map<string, string>()
  let total = 0
  for (const { path, size } of files) {
    total += size
    const known = INSTRUCTIONS.includes(path) || path === MCP_FILE || SKILL.test(path)
    if (!path.split('/').every((segment) => SEGMENT.test(segment)))
      tell('INVALID_INPUT', path, `${quoted(path)} is no path of an agent.`, 'Use letters, digits, ".", "_" and "-".')
    else if (!known)
      tell(
        'INVALID_INPUT',
        path,
        `${quoted(path)} is no part of an agent.`,
        'Keep AGENTS.md or CLAUDE.md, skills/NAME/SKILL.md with its files, and .mcp.json.',
      )
    if (Buffer.byteLength(path) > pathBytes)
      tell('LIMIT_EXCEEDED', path, `A path has more than ${pathBytes} bytes.`, 'Give it a shorter name.')
    const bytes = isInstruction(path) || path === MCP_FILE ? textBytes : fileBytes
    if (size > bytes)
      tell(
        'LIMIT_EXCEEDED',
        path,
        `${quoted(path)} has ${size} bytes; at most ${bytes} are allowed.`,
        'Make it smaller.',
      )
    const before = seen.get(path.toLowerCase())
    if (before !== undefined)
      tell('INVALID_INPUT', path, `${quoted(path)} and ${quoted(before)} are one on some disks.`, 'Keep one.')
    seen.set(path.toLowerCase(), path)
  }
  const paths = new Set(files.map(({ path }) => path))
  for (const path of paths) {
    const steps = path.split('/')
    for (let depth = 1; depth < steps.length; depth++) {
      const folder = steps.slice(0, depth).join('/')
      const other = seen.get(folder.toLowerCase())
      if (other !== undefined)
        tell('INVALID_INPUT', path, `${quoted(other)} is a file and a folder.`, 'Give one of them another name.')
    }
  }
  if (INSTRUCTIONS.every((path) => paths.has(path)))
    tell('INVALID_INPUT', 'CLAUDE.md', 'There is an AGENTS.md and a CLAUDE.md.', 'Keep one of them.')
  const skills = skillNames([...paths])
  if (skills.length > parts)
    tell('LIMIT_EXCEEDED', 'skills', `An agent has at most ${parts} skills.`, 'Make two agents of it.')
  for (const name of skills)
    if (!paths.has(`skills/${name}/SKILL.md`))
      tell('INVALID_INPUT', `skills/${name}`, `The skill ${name} has no SKILL.md.`, 'Write one, or take it out.')
  if (total > totalBytes)
    tell('LIMIT_EXCEEDED', '', `The files have ${total} bytes; at most ${totalBytes} are allowed.`, 'Take some out.')
  return problems
}
