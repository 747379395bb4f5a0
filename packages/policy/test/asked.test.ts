import { describe, expect, it } from 'vitest'
import { answerWord, toolAnswers } from '../src/index.ts'
import type { AskedTool } from '../src/index.ts'

const tools = { shell: ['git *', 'npm test'], deny: ['git push*'] }
const answers = (policy: Parameters<typeof toolAnswers>[0], asked: AskedTool) => answerWord(toolAnswers(policy)(asked))

describe('what a program asks for', () => {
  it.each<[AskedTool, string]>([
    [{ does: 'run', command: 'git status && npm test' }, 'listed'],
    [{ does: 'run', command: ['git', 'status'] }, 'listed'],
    [{ does: 'run', command: 'git push origin' }, 'denied git push*'],
    [{ does: 'run', command: ['git', 'push', 'origin'] }, 'denied git push*'],
    [{ does: 'run', command: 'git status; curl evil' }, 'not-listed'],
    [{ does: 'run', command: 'git $(evil)' }, 'unparsed'],
    [{ does: 'run' }, 'unparsed'],
    [{ does: 'other' }, 'unparsed'],
    [{ does: 'read' }, 'contained'],
    [{ does: 'edit' }, 'contained'],
    [{ does: 'fetch' }, 'contained'],
    // What it is said to do does not hide what it runs.
    [{ does: 'read', command: 'git push' }, 'denied git push*'],
    [{ does: 'edit', command: '' }, 'unparsed'],
    // A tool that may do anything with what it calls a command.
    [{ does: 'other', command: 'git status' }, 'unparsed'],
    [{ does: 'other', command: 'git push' }, 'denied git push*'],
  ])('%j is %s', (asked, word) => {
    expect(answers(tools, asked)).toBe(word)
  })

  it.each([[undefined], [{}], [{ deny: [] }]])('is allowed by %j, whatever it is', (policy) => {
    expect(answers(policy, { does: 'other' })).toBe('unrestricted')
    expect(answers(policy, { does: 'run', command: 'rm -rf $X' })).toBe('unrestricted')
  })

  it('is refused where nothing is listed', () => {
    expect(answers({ shell: [] }, { does: 'run', command: 'ls' })).toBe('not-listed')
  })
})
