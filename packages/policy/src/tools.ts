import type { Policy } from '@seamark/core'
import { requireSound } from './check.ts'
import { parseCommandLine } from './command-line.ts'
import { denies } from './deny.ts'
import { patternTakes, toolPattern } from './pattern.ts'
import type { ToolPattern } from './pattern.ts'
import { seenThrough } from './seen-through.ts'
import type { Seen } from './seen-through.ts'

/**
 * Why a command is refused: `denied` (a pattern of `deny`), `not-listed` (no pattern of `shell`), `unparsed` (what it runs
 * can not be read), `hidden` (it starts something that can not be seen, and `deny` has patterns).
 */
export type ToolRefusal = 'denied' | 'not-listed' | 'unparsed' | 'hidden'

export type ToolDecision =
  | { readonly allowed: true }
  | {
      readonly allowed: false
      readonly reason: ToolRefusal
      /** The pattern of `deny`, as written. */
      readonly pattern?: string
    }

export interface ToolMatcher {
  /** A program and its arguments, as they are handed to the system. */
  argv(argv: readonly string[]): ToolDecision
  /** A line that a shell will read. All its commands must be allowed. */
  line(line: string): ToolDecision
}

const allowed: ToolDecision = { allowed: true }

/** Programs by a path that is not in one spelling match no pattern of `shell`. */
function isPlainProgram(program: string): boolean {
  return (
    !program.includes('/') ||
    !program.split('/').some((part, at) => (part === '' && at > 0) || (part === '.' && at > 0) || part === '..')
  )
}

function read(patterns: readonly string[]): { readonly text: string; readonly pattern: ToolPattern }[] {
  return patterns.flatMap((text) => {
    const pattern = toolPattern(text)
    return pattern.ok ? [{ text, pattern: pattern.value }] : []
  })
}

/**
 * Decides commands by a policy; made once per policy. With neither `shell` nor `deny` every command is allowed.
 *
 * Errors: `INVALID_INPUT` or `LIMIT_EXCEEDED` for a policy that `checkPolicy` finds a problem in.
 */
export function toolMatcher(policy: Policy): ToolMatcher {
  requireSound(policy)
  const shell = policy.tools?.shell && read(policy.tools.shell)
  const deny = read(policy.tools?.deny ?? [])
  const free = shell === undefined && deny.length === 0

  const judge = (list: readonly (Seen | undefined)[]): ToolDecision => {
    for (const seen of list) {
      if (seen === undefined) return { allowed: false, reason: 'unparsed' }
      for (const argv of seen.starts) {
        const found = deny.find(({ pattern }) => denies(pattern, argv))
        if (found !== undefined) return { allowed: false, reason: 'denied', pattern: found.text }
      }
      if (seen.hidden && deny.length > 0) return { allowed: false, reason: 'hidden' }
      for (const argv of seen.runs) {
        if (shell === undefined) continue
        const listed = isPlainProgram(argv[0] ?? '') && shell.some(({ pattern }) => patternTakes(pattern, argv))
        if (!listed) return { allowed: false, reason: 'not-listed' }
      }
    }
    return allowed
  }

  return {
    argv: (argv) => (free ? allowed : judge([seenThrough(argv)])),
    line: (line) => (free ? allowed : judge(parseCommandLine(line)?.map((argv) => seenThrough(argv)) ?? [undefined])),
  }
}
