/** Source text as the architecture test looks at it: by TypeScript's own parser. */
import ts from "typescript";

/** What a file imports, in any way: statements, `export ... from`, `import()`, and with `types` what only types need. */
export function importsOf(tree: ts.SourceFile, { types }: { types: boolean } = { types: true }): string[] {
	const found = new Set<string>();
	walk(tree, (node) => {
		if (types) for (const comment of ts.getJSDocCommentsAndTags(node)) walk(comment, take);
		take(node);
	});
	return [...found];

	function take(node: ts.Node): void {
		if (ts.isImportDeclaration(node)) {
			if (types || !isTypeOnly(node)) found.add((node.moduleSpecifier as ts.StringLiteral).text);
		} else if (ts.isExportDeclaration(node) && node.moduleSpecifier && (types || !node.isTypeOnly))
			found.add((node.moduleSpecifier as ts.StringLiteral).text);
		else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
			const [name] = node.arguments;
			if (name && ts.isStringLiteral(name)) found.add(name.text);
		} else if (types && ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
			found.add((node.argument.literal as ts.StringLiteral).text);
	}
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
	if (importClause === undefined) return false;
	if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
	const named = importClause.namedBindings;
	return !importClause.name && !!named && ts.isNamedImports(named) && named.elements.every((one) => one.isTypeOnly);
}

/** Not a property's name, nor part of a type. */
export function isUse(node: ts.Identifier): boolean {
	const { parent } = node;
	if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
	if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return false;
	return !(
		(ts.isPropertyAssignment(parent) ||
			ts.isPropertySignature(parent) ||
			ts.isMethodDeclaration(parent) ||
			ts.isMethodSignature(parent)) &&
		parent.name === node
	);
}

export function isImported(tree: ts.SourceFile, name: string): boolean {
	return tree.statements.some(
		(statement) =>
			ts.isImportDeclaration(statement) && new RegExp(`\\b${name}\\b`).test(statement.importClause?.getText() ?? ""),
	);
}

export function modifiers(node: ts.Node): ts.SyntaxKind[] {
	return ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []).map(({ kind }) => kind) : [];
}

export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
	visit(node);
	ts.forEachChild(node, (child) => walk(child, visit));
}

/** What runs when the module is loaded: not what waits inside functions. */
export function walkNow(node: ts.Node, visit: (node: ts.Node) => void): void {
	if (ts.isFunctionLike(node)) return;
	visit(node);
	ts.forEachChild(node, (child) => walkNow(child, visit));
}
