import type { AnchorAnswer, AnchorCheck, AnchorReceipt, AuditAnchor, TrustFile } from '@seamark/core'
import { loadConfig } from '@seamark/config'
import { SeamError, toSeamError } from '@seamark/kit'

/**
 * The anchors of whoever verifies, from the configuration that he named. Errors: `INVALID_INPUT` where none is named or
 * it has none, and those of `loadConfig`.
 */
export async function auditorsAnchors(cwd: string, named: string | undefined): Promise<readonly AuditAnchor[]> {
  const remedy = 'Name your own, with the anchors that you want to ask: --config FILE.'
  if (named === undefined) throw new SeamError('INVALID_INPUT', '--online needs a configuration.', { remedy })
  const { config, file } = await loadConfig({ cwd, named })
  if (config.anchors !== undefined && config.anchors.length > 0) return config.anchors
  throw new SeamError('INVALID_INPUT', `${file ?? 'That configuration'} has no anchors to ask.`, { remedy })
}

/** Asks each anchor about the receipt under its name, all at the same time. Never rejects. */
export function answersOf(
  anchors: readonly AuditAnchor[],
  receipts: ReadonlyMap<string, AnchorReceipt>,
  trust: TrustFile,
): Promise<readonly AnchorAnswer[]> {
  return Promise.all(
    anchors.map(async (anchor): Promise<AnchorAnswer> => {
      const { kind, name, guarantees } = anchor
      const answer = { kind, name, beyondOperator: guarantees.beyondOperator.value }
      const receipt = receipts.get(name)
      return receipt === undefined ? answer : { ...answer, check: await checkOf(anchor, receipt, trust) }
    }),
  )
}

/** An anchor that fails instead of answering did not check. */
function checkOf(anchor: AuditAnchor, receipt: AnchorReceipt, trust: TrustFile): Promise<AnchorCheck> {
  return anchor
    .check(receipt, trust)
    .catch((error: unknown) => ({ status: 'not-checked', reason: toSeamError(error).code.toLowerCase() }))
}
