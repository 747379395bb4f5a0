import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

/** The clients that the vendors publish, without retries. */
export const anthropic = (url: string, maxRetries = 0): Anthropic =>
  new Anthropic({ baseURL: url, apiKey: 'test', authToken: null, maxRetries })
export const openai = (url: string, maxRetries = 0): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'test', maxRetries })

export { Anthropic, OpenAI }
