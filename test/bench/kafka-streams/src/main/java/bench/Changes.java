package bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * Compares each row with the stored one: identify for a new row and for one of which a trait changed, track for one of
 * which a property changed. Jackson binds only what is used and skips the rest; what is stored are the columns in use,
 * as JSON.
 */
final class Changes implements Processor<Bytes, byte[], Void, Void> {
    /** How long a message waits for others to fill its batch. */
    private static final Duration LINGER = Duration.ofMillis(100);

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectReader ENVELOPE = JSON.readerFor(Envelope.class);
    private static final ObjectReader ROW = JSON.readerFor(User.class);
    private static final ObjectWriter STORED = JSON.writerFor(User.class);

    private final String topic;
    private ProcessorContext<Void, Void> context;
    private KeyValueStore<Bytes, byte[]> rows;
    private DeliveryQueue queue;

    Changes(String topic) {
        this.topic = topic;
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Envelope(User after, Source source) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record Source(long ts_ms) {}

    @JsonIgnoreProperties(ignoreUnknown = true)
    record User(long id, String email, String full_name, String plan, String country, String created_at) {}

    @Override
    public void init(ProcessorContext<Void, Void> context) {
        this.context = context;
        rows = context.getStateStore("rows");
        queue = context.getStateStore(DeliveryQueue.NAME);
        context.schedule(LINGER, PunctuationType.WALL_CLOCK_TIME, now -> queue.sendUnlessBusy());
    }

    @Override
    public void process(Record<Bytes, byte[]> record) {
        try {
            take(record);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void take(Record<Bytes, byte[]> record) throws IOException {
        Envelope envelope = ENVELOPE.readValue(record.value());
        User next = envelope.after();
        byte[] bytes = STORED.writeValueAsBytes(next);
        byte[] before = rows.get(record.key());
        if (Arrays.equals(before, bytes)) return;
        rows.put(record.key(), bytes);
        String timestamp = Instant.ofEpochMilli(envelope.source().ts_ms()).toString();
        queue.add(out -> identify(out, next, timestamp));
        if (before == null) return;
        User previous = ROW.readValue(before);
        if (Objects.equals(previous.email(), next.email()) && Objects.equals(previous.plan(), next.plan())) return;
        queue.add(out -> track(out, next, timestamp));
    }

    private void identify(JsonGenerator out, User user, String timestamp) throws IOException {
        head(out, "identify", user, timestamp);
        out.writeObjectFieldStart("traits");
        out.writeStringField("email", user.email());
        out.writeStringField("name", user.full_name());
        out.writeStringField("plan", user.plan());
        out.writeStringField("country", user.country());
        out.writeStringField("created_at", user.created_at());
        out.writeEndObject();
        out.writeEndObject();
    }

    private void track(JsonGenerator out, User user, String timestamp) throws IOException {
        head(out, "track", user, timestamp);
        out.writeStringField("event", "User Changed");
        out.writeObjectFieldStart("properties");
        out.writeStringField("email", user.email());
        out.writeStringField("plan", user.plan());
        out.writeEndObject();
        out.writeEndObject();
    }

    private void head(JsonGenerator out, String type, User user, String timestamp) throws IOException {
        var at = context.recordMetadata().orElseThrow();
        out.writeStartObject();
        out.writeStringField("type", type);
        out.writeStringField("userId", Long.toString(user.id()));
        out.writeStringField("timestamp", timestamp);
        out.writeStringField("messageId", topic + "/" + at.partition() + "/" + at.offset() + "/" + type);
    }
}
