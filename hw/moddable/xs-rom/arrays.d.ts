import type { SourceFile, TransformerFactory, TypeChecker } from "typescript";

export function arraysByIndex(checker: TypeChecker): TransformerFactory<SourceFile>;
