import kafkajs, { type PartitionAssigner } from "kafkajs";
import type { Logger } from "../../lib/logger.ts";
import {
  decodeMemberMetadata,
  encodeMemberMetadata,
  type MemberMetadata,
} from "./member-metadata.ts";
import { type StickyMember, shareOut } from "./sticky-assignment.ts";

const { MemberMetadata: SubscriptionCodec, MemberAssignment } = kafkajs.AssignerProtocol;

/** The group's protocol. The broker refuses a member that has none in common with the others. */
const NAME = "cdc-to-segment-sticky";

/** Partitions stay with the process that has their state on its disk; kafkajs itself has round robin only. */
export function stickyAssignor(metadata: MemberMetadata, log: Logger): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: 0,

    protocol({ topics }) {
      const userData = encodeMemberMetadata(metadata, topics, log);
      return { name: NAME, metadata: SubscriptionCodec.encode({ version: 0, topics, userData }) };
    },

    async assign({ members }) {
      const known = members.map((member) => memberOf(member.memberId, member.memberMetadata));
      const partitions = new Map<string, readonly number[]>();
      for (const topic of new Set(known.flatMap(({ topics }) => topics))) {
        // Only what the leader itself subscribes to. To ask for more could end it: it may not be allowed to.
        const found = cluster.findTopicPartitionMetadata(topic);
        if (found.length === 0)
          log.warn({ topic }, "nobody gets the topic until one that reads it leads the group");
        partitions.set(
          topic,
          found.map(({ partitionId }) => partitionId),
        );
      }
      return [...shareOut(known, partitions)].map(([memberId, share]) => {
        const assignment = Object.fromEntries(
          [...share].map(([topic, list]) => [topic, [...list]]),
        );
        const fields = { version: 0, assignment, userData: Buffer.alloc(0) };
        return { memberId, memberAssignment: MemberAssignment.encode(fields) };
      });
    },
  });
}

/** A member that cannot be understood at all gets nothing, and ends nobody. */
function memberOf(id: string, metadata: Buffer): StickyMember {
  try {
    const decoded = SubscriptionCodec.decode(metadata);
    if (decoded)
      return { id, topics: decoded.topics, localStates: decodeMemberMetadata(decoded.userData) };
  } catch {}
  return { id, topics: [], localStates: [] };
}
