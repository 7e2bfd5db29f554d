/** What the process that tries an engine tells of it. */
import * as z from 'zod';

export const probeResultSchema = z.discriminatedUnion('usable', [
  z.object({
    usable: z.literal(true),
    /** As MachineRates of shared/plan.ts has them. */
    rates: z.object({ flops: z.number().positive(), bytes: z.number().positive(), serialBytes: z.number().positive() }),
  }),
  z.object({ usable: z.literal(false), reason: z.string() }),
]);
export type ProbeResult = z.infer<typeof probeResultSchema>;
