package peer;

import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.axonframework.common.Registration;
import org.axonframework.common.caching.Cache;

/** A cache that keeps every aggregate: Axon's own WeakReferenceCache would lose them with each garbage collection. */
final class HeldCache implements Cache {
    private final ConcurrentHashMap<Object, Object> held = new ConcurrentHashMap<>();
    /** Aggregates that were not there, and had to be loaded. */
    final AtomicLong missed = new AtomicLong();

    @Override
    @SuppressWarnings("unchecked")
    public <K, V> V get(K key) {
        Object value = held.get(key);
        if (value == null) {
            missed.incrementAndGet();
        }
        return (V) value;
    }

    @Override
    public void put(Object key, Object value) {
        held.put(key, value);
    }

    @Override
    public boolean putIfAbsent(Object key, Object value) {
        return held.putIfAbsent(key, value) == null;
    }

    @Override
    @SuppressWarnings("unchecked")
    public <T> T computeIfAbsent(Object key, Supplier<T> value) {
        return (T) held.computeIfAbsent(key, absent -> {
            missed.incrementAndGet();
            return value.get();
        });
    }

    @Override
    public boolean remove(Object key) {
        return held.remove(key) != null;
    }

    @Override
    public void removeAll() {
        held.clear();
    }

    @Override
    public boolean containsKey(Object key) {
        return held.containsKey(key);
    }

    @Override
    @SuppressWarnings("unchecked")
    public <V> void computeIfPresent(Object key, UnaryOperator<V> update) {
        held.computeIfPresent(key, (present, value) -> update.apply((V) value));
    }

    @Override
    public Registration registerCacheEntryListener(EntryListener listener) {
        return () -> true;
    }
}
