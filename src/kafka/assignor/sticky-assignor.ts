import kafkajs, { type PartitionAssigner } from "kafkajs";
import type { Logger } from "../../lib/logger.ts";
import {
  decodeMemberMetadata,
  encodeMemberMetadata,
  type MemberMetadata,
} from "./member-metadata.ts";
import { assignPartitions, type StickyMember } from "./sticky-assignment.ts";

const { MemberMetadata: SubscriptionCodec, MemberAssignment } = kafkajs.AssignerProtocol;

/** The group's protocol. The broker rejects a member that has no protocol in common with the others. */
const NAME = "cdc-to-segment-sticky";

/** Keeps partitions with the process that has their state on its disk; kafkajs itself has only round robin. */
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
        // The leader knows only the topics that it subscribes to, and may have no right to describe others.
        const found = cluster.findTopicPartitionMetadata(topic);
        if (found.length === 0)
          log.warn({ topic }, "topic not assigned: the group leader does not subscribe to it");
        partitions.set(
          topic,
          found.map(({ partitionId }) => partitionId),
        );
      }
      return [...assignPartitions(known, partitions)].map(([memberId, assigned]) => {
        const assignment = Object.fromEntries(
          [...assigned].map(([topic, list]) => [topic, [...list]]),
        );
        const fields = { version: 0, assignment, userData: Buffer.alloc(0) };
        return { memberId, memberAssignment: MemberAssignment.encode(fields) };
      });
    },
  });
}

/** A member whose metadata cannot be decoded gets no partitions; the others are assigned as usual. */
function memberOf(id: string, metadata: Buffer): StickyMember {
  try {
    const decoded = SubscriptionCodec.decode(metadata);
    if (decoded)
      return { id, topics: decoded.topics, localStates: decodeMemberMetadata(decoded.userData) };
  } catch {}
  return { id, topics: [], localStates: [] };
}
