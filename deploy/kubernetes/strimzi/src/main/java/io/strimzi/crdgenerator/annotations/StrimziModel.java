// In Strimzi's package, because its classes name these annotations, and the module that declares them is not served.
package io.strimzi.crdgenerator.annotations;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.BeanPropertyDefinition;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import io.strimzi.api.kafka.model.user.KafkaUser;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

@Retention(RetentionPolicy.RUNTIME)
@interface PresentInVersions {
    String value();
}

@Retention(RetentionPolicy.RUNTIME)
@interface RequiredInVersions {
    String value();
}

@Retention(RetentionPolicy.RUNTIME)
@interface Minimum {
    int value();
}

@Retention(RetentionPolicy.RUNTIME)
@interface Maximum {
    int value();
}

@Retention(RetentionPolicy.RUNTIME)
@interface MinimumItems {
    int value();
}

@Retention(RetentionPolicy.RUNTIME)
@interface Pattern {
    String value();
}

/**
 * Reads a JSON array of documents, each by Strimzi's class of its kind. Prints what is wrong with them, a line for each, and ends with 1:
 * properties that the class does not have or that version v1 does not have, values of another type, values that get lost, required
 * properties that are missing, and numbers and texts outside of their limits.
 */
public final class StrimziModel {
    private static final Map<String, Class<?>> KINDS = Map.of(
            "Kafka", Kafka.class, "KafkaNodePool", KafkaNodePool.class, "KafkaUser", KafkaUser.class, "KafkaTopic", KafkaTopic.class);

    private final List<String> problems = new ArrayList<>();
    private final ObjectMapper mapper = mapper();
    private String document;

    public static void main(String[] args) throws IOException {
        StrimziModel model = new StrimziModel();
        JsonNode documents = new ObjectMapper().readTree(System.in);
        documents.forEach(model::check);
        model.problems.forEach(System.out::println);
        System.out.println(documents.size() + " read");
        System.exit(model.problems.isEmpty() ? 0 : 1);
    }

    private void check(JsonNode input) {
        String kind = input.path("kind").asText();
        document = kind + " " + input.path("metadata").path("name").asText();
        if (!KINDS.containsKey(kind) || !input.path("apiVersion").asText().equals("kafka.strimzi.io/v1")) {
            problem("", "is not a kind of kafka.strimzi.io/v1 that this program knows");
            return;
        }
        try {
            Object read = mapper.treeToValue(input, KINDS.get(kind));
            nothingIsLost(".spec", input.path("spec"), mapper.valueToTree(read).path("spec"));
            annotationsHold("", input, read);
        } catch (JsonMappingException exception) {
            problem(path(exception), exception.getOriginalMessage());
        } catch (IOException exception) {
            problem("", exception.getMessage());
        }
    }

    private void problem(String path, String what) {
        problems.add(document + path + ": " + what);
    }

    /** Jackson, as strict as a Kubernetes API server: it neither turns texts into numbers nor takes unknown properties. */
    private ObjectMapper mapper() {
        ObjectMapper strict = JsonMapper.builder()
                .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
                .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
                .annotationIntrospector(new NothingUnknown())
                .build();
        for (CoercionInputShape shape : new CoercionInputShape[] {CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean}) {
            strict.coercionConfigFor(LogicalType.Textual).setCoercion(shape, CoercionAction.Fail);
        }
        return strict;
    }

    /** Unknown properties would otherwise be kept beside the known ones, and values that are the default would not be written. */
    private static final class NothingUnknown extends JacksonAnnotationIntrospector {
        @Override
        public Boolean hasAnySetter(Annotated annotated) {
            return false;
        }

        @Override
        public JsonIgnoreProperties.Value findPropertyIgnoralByName(MapperConfig<?> config, Annotated annotated) {
            return super.findPropertyIgnoralByName(config, annotated).withoutIgnoreUnknown();
        }

        @Override
        public JsonInclude.Value findPropertyInclusion(Annotated annotated) {
            return JsonInclude.Value.empty();
        }
    }

    /** Strimzi's enums read a text that they do not know as null. */
    private void nothingIsLost(String path, JsonNode input, JsonNode read) {
        if (input.isObject()) {
            input.fields().forEachRemaining(field -> nothingIsLost(path + "." + field.getKey(), field.getValue(), read.path(field.getKey())));
        } else if (input.isArray()) {
            for (int index = 0; index < input.size(); index++) {
                nothingIsLost(path + "." + index, input.get(index), read.path(index));
            }
        } else if (!input.isNull() && !input.asText().equals(read.asText())) {
            problem(path, "the value " + input + " is not known");
        }
    }

    private void annotationsHold(String path, JsonNode input, Object read) {
        if (read instanceof List<?> items) {
            for (int index = 0; index < items.size(); index++) {
                annotationsHold(path + "." + index, input.path(index), items.get(index));
            }
        } else if (read != null && !read.getClass().isEnum() && read.getClass().getName().startsWith("io.strimzi.api.")) {
            if (!inV1(read.getClass().getAnnotation(PresentInVersions.class))) {
                problem(path, "version v1 does not have a " + read.getClass().getSimpleName());
            }
            var type = mapper.getSerializationConfig().introspect(mapper.constructType(read.getClass()));
            for (BeanPropertyDefinition property : type.findProperties()) {
                if (property.getGetter() != null) {
                    propertyHolds(path + "." + property.getName(), input.get(property.getName()), property, read);
                }
            }
        }
    }

    private void propertyHolds(String path, JsonNode input, BeanPropertyDefinition property, Object owner) {
        if (input == null) {
            RequiredInVersions required = annotation(property, RequiredInVersions.class);
            JsonProperty json = annotation(property, JsonProperty.class);
            if (required != null && includesV1(required.value()) || json != null && json.required()) {
                problem(path, "is required");
            }
            return;
        }
        Minimum minimum = annotation(property, Minimum.class);
        Maximum maximum = annotation(property, Maximum.class);
        MinimumItems items = annotation(property, MinimumItems.class);
        Pattern pattern = annotation(property, Pattern.class);
        if (!inV1(annotation(property, PresentInVersions.class))) {
            problem(path, "version v1 does not have it");
        }
        if (minimum != null && input.asLong() < minimum.value() || maximum != null && input.asLong() > maximum.value()
                || items != null && input.size() < items.value()) {
            problem(path, "outside of its limits");
        }
        if (pattern != null && input.isTextual() && !input.asText().matches(pattern.value())) {
            problem(path, "does not match " + pattern.value());
        }
        annotationsHold(path, input, property.getGetter().getValue(owner));
    }

    private static <A extends Annotation> A annotation(BeanPropertyDefinition property, Class<A> type) {
        return property.getGetter().getAnnotated().getAnnotation(type);
    }

    private static boolean inV1(PresentInVersions versions) {
        return versions == null || includesV1(versions.value());
    }

    /** A range is one version, `first-last`, or `first+`; v1 is the newest. */
    private static boolean includesV1(String range) {
        return range.endsWith("+") || range.endsWith("v1");
    }

    private static String path(JsonMappingException exception) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference reference : exception.getPath()) {
            path.append('.').append(reference.getFieldName() == null ? String.valueOf(reference.getIndex()) : reference.getFieldName());
        }
        return path.toString();
    }
}
