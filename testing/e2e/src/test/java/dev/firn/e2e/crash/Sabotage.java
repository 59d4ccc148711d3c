package dev.firn.e2e.crash;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * A daemon with one of its protections taken out as its classes are loaded. Each must make the
 * suite fail, or the suite does not see what that protection is for. Public, because the daemon's
 * changed classes call it.
 */
public enum Sabotage {
  /** After a restart nothing counts as held by the replica already. */
  RESTART_RULE(
      Map.of("dev/firn/change/position/PostgresPosition", Map.of("covers", Sabotage::sayNo))),
  /** A commit of unknown outcome is taken for one that failed. */
  READ_BACK(
      Map.of(
          "dev/firn/iceberg/commit/KnownTable", Map.of("landed", Sabotage::saySoOfNone),
          "dev/firn/iceberg/commit/Marks", Map.of("sameCommit", Sabotage::sayNo))),
  /** Another daemon's epoch is passed over. */
  EPOCH(
      Map.of(
          "dev/firn/iceberg/commit/AncestryGuard",
          Map.of(
              "refuseOtherDaemon", Sabotage::doNothing,
              "refuseOtherDaemons", Sabotage::doNothing))),
  /** What was looked up in one snapshot is committed on another, and Iceberg is not asked. */
  LOOK_UP(
      Map.of(
          "dev/firn/iceberg/WriterPart", Map.of("changeOn", Sabotage::asLookedUpFirst),
          "dev/firn/iceberg/commit/Staging", Map.of("stageDelta", Sabotage::withoutValidations))),
  /** The source is told of a position before the replica has it. */
  ACKNOWLEDGEMENT_ORDER(
      Map.of("dev/firn/iceberg/IcebergReplica", Map.of("advance", Sabotage::acknowledgeFirst)));

  private static final ClassDesc OPTIONAL = ClassDesc.of("java.util.Optional");
  private static final ClassDesc LIST = ClassDesc.of("java.util.List");
  private static final ClassDesc ROW_DELTA = ClassDesc.of("org.apache.iceberg.RowDelta");
  private static final ClassDesc PART = ClassDesc.of("dev.firn.iceberg.WriterPart");
  private static final ClassDesc DELTA = ClassDesc.of("dev.firn.iceberg.write.TableDelta");
  private static final ClassDesc DELTA_CHANGE =
      ClassDesc.of("dev.firn.iceberg.commit.TableChange$Delta");
  private static final ClassDesc REPLICA = ClassDesc.of("dev.firn.iceberg.IcebergReplica");

  /** Changes a method. */
  private interface Edit {
    CodeTransform transform();
  }

  /** What is put before a method's own code; what returns replaces it. */
  private interface Start extends Consumer<CodeBuilder> {}

  /** By class, by method. */
  private final Map<String, Map<String, Edit>> edits;

  Sabotage(Map<String, Map<String, Edit>> edits) {
    this.edits = edits;
  }

  private static CodeTransform sayNo() {
    return beginning(code -> code.iconst_0().ireturn());
  }

  private static CodeTransform doNothing() {
    return beginning(CodeBuilder::return_);
  }

  private static CodeTransform saySoOfNone() {
    return beginning(
        code -> code.invokestatic(OPTIONAL, "empty", MethodTypeDesc.of(OPTIONAL)).areturn());
  }

  private static CodeTransform acknowledgeFirst() {
    return beginning(code ->
        code.aload(0)
            .getfield(REPLICA, "checkpointListeners", LIST)
            .aload(1)
            .invokestatic(
                ClassDesc.of(Sabotage.class.getName()),
                "tell",
                MethodTypeDesc.of(ConstantDescs.CD_void, LIST, ConstantDescs.CD_Object)));
  }

  private static CodeTransform asLookedUpFirst() {
    return beginning(code ->
        code.new_(DELTA_CHANGE)
            .dup()
            .aload(0)
            .getfield(PART, "delta", DELTA)
            .invokespecial(
                DELTA_CHANGE,
                ConstantDescs.INIT_NAME,
                MethodTypeDesc.of(ConstantDescs.CD_void, DELTA))
            .areturn());
  }

  /** Calls of RowDelta's validations, which give the RowDelta back, are left out. */
  private static CodeTransform withoutValidations() {
    return (code, element) -> {
      if (element instanceof InvokeInstruction call
          && call.owner().asSymbol().equals(ROW_DELTA)
          && call.name().stringValue().startsWith("validate")) {
        if (call.typeSymbol().parameterCount() == 1) {
          code.pop();
        }
      } else {
        code.with(element);
      }
    };
  }

  private static CodeTransform beginning(Start start) {
    return new CodeTransform() {
      @Override
      public void atStart(CodeBuilder code) {
        start.accept(code);
      }

      @Override
      public void accept(CodeBuilder code, CodeElement element) {
        code.with(element);
      }
    };
  }

  /** Called by the daemon's changed code. */
  public static void tell(List<Consumer<Object>> listeners, Object position) {
    listeners.forEach(listener -> listener.accept(position));
  }

  /** The option of a JVM that is to run so; a file is made for it. */
  String option(Path folder) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", Sabotage.class.getName());
    Path agent = folder.resolve("sabotage.jar");
    // The class itself is on the daemon's class path.
    try (OutputStream out = Files.newOutputStream(agent)) {
      new JarOutputStream(out, manifest).close();
    }
    return "-javaagent:" + agent + "=" + name();
  }

  /** Called by the JVM. */
  public static void premain(String name, Instrumentation instrumentation) {
    instrumentation.addTransformer(valueOf(name).transformer());
  }

  private ClassFileTransformer transformer() {
    return new ClassFileTransformer() {
      @Override
      public byte @Nullable [] transform(
          Module module,
          ClassLoader loader,
          String name,
          @Nullable Class<?> redefined,
          ProtectionDomain domain,
          byte[] bytes) {
        Map<String, Edit> methods = edits.get(name);
        return methods == null ? null : edited(bytes, methods);
      }
    };
  }

  private static byte[] edited(byte[] bytes, Map<String, Edit> methods) {
    ClassTransform all = ClassTransform.ACCEPT_ALL;
    for (Map.Entry<String, Edit> method : methods.entrySet()) {
      all =
          all.andThen(
              ClassTransform.transformingMethods(
                  model -> model.methodName().equalsString(method.getKey()),
                  MethodTransform.transformingCode(method.getValue().transform())));
    }
    // Without debug elements: those of a method's own code would not fit what is put before it.
    ClassFile classes =
        ClassFile.of(
            ClassFile.DeadCodeOption.PATCH_DEAD_CODE, ClassFile.DebugElementsOption.DROP_DEBUG);
    return classes.transformClass(classes.parse(bytes), all);
  }
}
