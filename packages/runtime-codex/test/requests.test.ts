import type { JsonObject } from '@seamark/core'
import { answersOf, jsonLines as lines } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { hear, program } from './said.ts'

const opening = [program.hello(), program.thread(), program.began()]

describe('a request', () => {
  const answered = async (...said: readonly JsonObject[]) => {
    const { events, wrote } = await hear(lines(...opening, ...said, program.end()))
    return [answersOf(events)[0], wrote.at(-2)]
  }
  const decision = (word: string) => ({ id: 0, result: { decision: word } })

  it.each([
    ['git status', 'allowance git status listed', 'accept'],
    ['git push', 'denial git push denied git push*', 'decline'],
    ['git status; rm -rf /', 'denial git status; rm -rf / not-listed', 'decline'],
    ['git status > x', 'denial git status > x unparsed', 'decline'],
    [null, 'denial commandExecution unparsed', 'decline'],
  ])('for %s is answered: %s', async (command, told, word) => {
    expect(await answered(program.asks(0, 't', command))).toEqual([told, decision(word)])
  })

  it('to change files is allowed, and for more permissions is not', async () => {
    const change = program.requests(0, 'item/fileChange/requestApproval', { itemId: 't', grantRoot: '/' })
    expect(await answered(program.edits('t'), change)).toEqual(['allowance edit contained', decision('accept')])
    const more = program.requests(0, 'item/permissions/requestApproval', { itemId: 't', permissions: { network: {} } })
    expect(await answered(more)).toEqual([
      expect.stringMatching(/^denial more permissions /),
      { id: 0, result: { permissions: {}, scope: 'turn' } },
    ])
  })

  it('to type into a command that was allowed is another one', async () => {
    const typed = program.asks(0, 't', 'git status', { kind: 'writeStdin', approvalId: 'a' })
    expect(await answered(program.asks(7, 't', 'git status'), typed)).toEqual([
      'allowance git status listed',
      decision('decline'),
    ])
  })

  it('for a tool of an MCP server is denied, whatever it is given', async () => {
    const asks = program.requests(0, 'mcpServer/elicitation/request', {
      serverName: 'files',
      _meta: { codex_approval_kind: 'mcp_tool_call' },
      message: 'May it?',
    })
    expect(await answered(program.calls('t', 'files', 'wipe', { command: 'git status' }), asks)).toEqual([
      'denial mcp__files__wipe unparsed',
      { id: 0, result: { action: 'decline', content: null, _meta: null } },
    ])
    expect((await answered(asks))[0]).toBe('denial mcp__files__ unparsed')
  })

  it('for a command that is too long to be read whole is denied', async () => {
    const [told, answer] = await answered(program.asks(0, 't', `git status ${'x'.repeat(20_000)}`))
    expect([told?.toString().endsWith(' unparsed'), answer]).toEqual([true, decision('decline')])
  })

  it('for an answer of a person ends the turn, has none, and nothing after it is done', async () => {
    const questions = [{ question: 'Which?', options: [{ label: 'Red', description: '' }] }, { question: 'And?' }]
    const asks = program.requests('r', 'item/tool/requestUserInput', { itemId: 'call_1', questions })
    const { events, wrote } = await hear(lines(...opening, asks, program.asks(0, 't', 'git status'), program.end()))
    expect(events.slice(3)).toEqual([
      { type: 'turn-begin' },
      { type: 'question', id: 'call_1', text: 'Which?\n1. Red\n\nAnd?' },
      { type: 'turn-end', completed: false, reason: 'question' },
    ])
    expect(wrote.slice(-2)).toMatchObject([{ method: 'turn/interrupt' }, 'end'])
  })

  it('that asks nothing, or is of an MCP server, ends nothing', async () => {
    const empty = program.requests('r', 'item/tool/requestUserInput', { questions: [] })
    expect(await answered(empty)).toEqual([undefined, { id: 'r', result: { answers: {} } }])
    const form = program.requests('r', 'mcpServer/elicitation/request', { message: 'Who are you?' })
    expect(await answered(form)).toEqual([
      undefined,
      { id: 'r', result: expect.objectContaining({ action: 'decline' }) },
    ])
  })

  it('that is none for these, or comes before it has the prompt, is refused', async () => {
    expect((await answered(program.requests(5, 'account/chatgptAuthTokens/refresh', {})))[1]).toMatchObject({
      id: 5,
      error: { code: -32_601 },
    })
    const { events, wrote } = await hear(lines(program.asks(0, 't', 'git status'), ...opening, program.end()))
    expect([answersOf(events), wrote[1]]).toMatchObject([[], { id: 0, error: { code: -32_601 } }])
  })
})
