import type { JsonObject } from '@seamark/core'
import { TURN } from '@seamark/runtime'
import type { Effect } from '@seamark/runtime'
import { IDS, request } from './conversation.ts'
import type { CodexAbout, CodexConversation } from './conversation.ts'

// Pieces of what is said, which would come again as a whole, and what nothing here reads.
const UNHEARD = [
  'command/exec/outputDelta',
  'item/agentMessage/delta',
  'item/commandExecution/outputDelta',
  'item/fileChange/outputDelta',
  'item/fileChange/patchUpdated',
  'item/mcpToolCall/progress',
  'item/plan/delta',
  'item/reasoning/summaryPartAdded',
  'item/reasoning/summaryTextDelta',
  'item/reasoning/textDelta',
  'remoteControl/status/changed',
  'serverRequest/resolved',
  'thread/settings/updated',
  'thread/started',
  'thread/status/changed',
  'turn/diff/updated',
  'turn/plan/updated',
]

export function hello(): Effect {
  return request(IDS.initialize, 'initialize', {
    clientInfo: { name: 'seamark', title: null, version: '1' },
    capabilities: { experimentalApi: false, requestAttestation: false, optOutNotificationMethods: UNHEARD },
  })
}

/** Asks for the skills that there are. */
export function listSkills({ task }: CodexAbout): Effect {
  return request(IDS.skills, 'skills/list', { cwds: [task.workspaceDir] })
}

/** Opens the conversation, or the one to go on with. `foreign` are paths of skills that are not ours. */
export function openThread(about: CodexAbout, foreign: readonly string[]): Effect {
  const { task, instructions, skills, mcpServers, projectSettings } = about
  const { resume } = task
  const config: JsonObject = {
    mcp_servers: mcpServers,
    // A folder that is said to be untrusted has no settings, hooks, rules and MCP servers for the program, and no AGENTS.md.
    ...(!projectSettings && {
      projects: { [task.workspaceDir]: { trust_level: 'untrusted' } },
      project_doc_max_bytes: 0,
    }),
    ...(!projectSettings && skills.length === 0 && { skills: { include_instructions: false } }),
    ...(foreign.length > 0 && { skills: { config: foreign.map((path) => ({ path, enabled: false })) } }),
  }
  return request(IDS.thread, resume === undefined ? 'thread/start' : 'thread/resume', {
    ...(resume !== undefined && { threadId: resume.id, excludeTurns: true }),
    cwd: task.workspaceDir,
    approvalPolicy: 'untrusted',
    // The program trusts a folder for ever in which a conversation begins without its sandbox, and takes all settings from there. So
    // the sandbox is left with the turn.
    sandbox: 'read-only',
    config,
    ...(task.model !== undefined && { model: task.model }),
    ...(instructions !== undefined && { developerInstructions: instructions }),
  })
}

/** Begins a turn. The program is in our sandbox, so its own is off; what it may do is asked for all the same. */
export function prompted({ session }: CodexConversation, text: string, { task }: CodexAbout): readonly Effect[] {
  const start = request(IDS.turn, 'turn/start', {
    threadId: session,
    input: [{ type: 'text', text, text_elements: [] }],
    approvalPolicy: 'untrusted',
    sandboxPolicy: { type: 'dangerFullAccess' },
    ...(task.effort !== undefined && { effort: task.effort }),
  })
  return [TURN, start]
}
