import { UNBEGUN } from '@seamark/runtime'
import type { About, Conversation } from '@seamark/runtime'
import type { AcpMcpServer } from './acp-port.ts'
import type { SetOption } from './session-options.ts'

export interface AcpAbout extends About<AcpConversation> {
  readonly mcpServers: readonly AcpMcpServer[]
}

export interface AcpConversation extends Conversation {
  readonly phase: 'initialize' | 'session' | 'option' | 'prompt' | 'over'
  /** Number of the request that waits for its response; of all before it none does. */
  readonly request: number
  readonly session: string
  /** What is still to be set before the prompt. */
  readonly options: readonly SetOption[]
  /** Words that followed a turn that was canceled, while nothing came of them yet. */
  readonly unheard?: string
}

export const OPENING: AcpConversation = { ...UNBEGUN, phase: 'initialize', request: 0, session: '', options: [] }
